//! An app behind the proxy: a strict little HTTP/1.1 server on threads that records every request as it came.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Condvar, Mutex};
use std::thread;
use std::time::Duration;

/// A request as it arrived.
#[derive(Clone, Debug, Default)]
pub(crate) struct Recorded {
    /// Request line and headers, each line without its end.
    pub(crate) lines: Vec<String>,
    pub(crate) body: Vec<u8>,
    pub(crate) trailers: Vec<String>,
    /// Which connection it came over, counted from 0.
    pub(crate) connection: usize,
}

impl Recorded {
    pub(crate) fn target(&self) -> &str {
        self.lines[0].split(' ').nth(1).unwrap()
    }

    /// The values of a header.
    pub(crate) fn header(&self, name: &str) -> Vec<&str> {
        let lines = self.lines.iter().skip(1).filter_map(|line| line.split_once(": "));
        lines.filter(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value).collect()
    }
}

#[derive(Default)]
struct State {
    requests: Vec<Recorded>,
    connections: usize,
}

/// The app.
pub(crate) struct App {
    pub(crate) address: SocketAddr,
    state: Arc<(Mutex<State>, Condvar)>,
}

/// Answers one request; true keeps the connection.
type Handler = dyn Fn(&Recorded, &mut TcpStream) -> bool + Send + Sync;

impl App {
    /// Answers with what `handler` writes.
    pub(crate) fn start(handler: impl Fn(&Recorded, &mut TcpStream) -> bool + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let state = Arc::new((Mutex::new(State::default()), Condvar::new()));
        let handler: Arc<Handler> = Arc::new(handler);
        let shared = Arc::clone(&state);
        thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let (state, handler) = (Arc::clone(&shared), Arc::clone(&handler));
                thread::spawn(move || serve(stream, &state, &*handler));
            }
        });
        Self { address, state }
    }

    /// Answers 200 with a text.
    pub(crate) fn saying(text: &'static str) -> Self {
        Self::start(move |_, stream| reply(stream, "200 OK", "content-type: text/plain", text))
    }

    /// Everything that arrived whole until now.
    pub(crate) fn requests(&self) -> Vec<Recorded> {
        self.state.0.lock().unwrap().requests.clone()
    }

    pub(crate) fn connections(&self) -> usize {
        self.state.0.lock().unwrap().connections
    }

    /// Waits until `count` requests have arrived.
    pub(crate) fn wait_for(&self, count: usize) -> Vec<Recorded> {
        let (state, changed) = &*self.state;
        let patience = Duration::from_secs(20);
        let (state, waited) =
            changed.wait_timeout_while(state.lock().unwrap(), patience, |state| state.requests.len() < count).unwrap();
        assert!(!waited.timed_out(), "{} requests instead of {count}", state.requests.len());
        state.requests.clone()
    }
}

/// Writes a whole answer.
pub(crate) fn reply(stream: &mut TcpStream, status: &str, headers: &str, body: &str) -> bool {
    let headers = if headers.is_empty() { String::new() } else { format!("{headers}\r\n") };
    let length = body.len();
    let answer = format!("HTTP/1.1 {status}\r\n{headers}content-length: {length}\r\n\r\n{body}");
    stream.write_all(answer.as_bytes()).is_ok()
}

fn serve(mut stream: TcpStream, state: &(Mutex<State>, Condvar), handler: &Handler) {
    let connection = {
        let mut state = state.0.lock().unwrap();
        state.connections += 1;
        state.connections - 1
    };
    let mut reader = BufReader::new(stream.try_clone().unwrap());
    while let Some(request) = read_request(&mut reader, connection) {
        {
            state.0.lock().unwrap().requests.push(request.clone());
            state.1.notify_all();
        }
        if !handler(&request, &mut stream) {
            break;
        }
    }
    let _closed = stream.shutdown(Shutdown::Both);
}

/// A whole request; `None` where the connection ends before, or the request is not exactly as HTTP/1.1 has it.
fn read_request(reader: &mut BufReader<TcpStream>, connection: usize) -> Option<Recorded> {
    let mut request = Recorded { connection, ..Recorded::default() };
    request.lines = read_lines(reader)?;
    let chunked = request.header("transfer-encoding");
    let length = request.header("content-length");
    assert!(chunked.len() + length.len() <= 1, "two framings: {:?}", request.lines);
    if chunked.is_empty() {
        let length = length.first().map_or(0, |length| length.parse().unwrap());
        request.body = vec![0; length];
        reader.read_exact(&mut request.body).ok()?;
        return Some(request);
    }
    assert_eq!(chunked, ["chunked"]);
    loop {
        let size = usize::from_str_radix(&read_line(reader)?, 16).unwrap();
        if size == 0 {
            request.trailers = read_lines(reader)?;
            return Some(request);
        }
        let start = request.body.len();
        request.body.resize(start + size, 0);
        reader.read_exact(&mut request.body[start..]).ok()?;
        assert_eq!(read_line(reader)?, "");
    }
}

fn read_lines(reader: &mut BufReader<TcpStream>) -> Option<Vec<String>> {
    let mut lines = Vec::new();
    loop {
        match read_line(reader)? {
            line if line.is_empty() => return Some(lines),
            line => lines.push(line),
        }
    }
}

fn read_line(reader: &mut BufReader<TcpStream>) -> Option<String> {
    let mut line = String::new();
    reader.read_line(&mut line).ok()?;
    line.strip_suffix("\r\n").map(str::to_owned)
}
