//! One request to the admin address: HTTP/1.0, so that the answer ends where the connection does.
//!
//! Must not know: what the answer means, but that whoever asks may not.

use std::fs;
use std::io::{Read as _, Write as _};
use std::net::{TcpStream, ToSocketAddrs as _};
use std::path::Path;
use std::time::Duration;

use anyhow::{Context as _, bail};
use serde_json::Value;

use crate::privacy::Secret;

const TIMEOUT: Duration = Duration::from_secs(10);
/// What is set in motion may take its time.
const POST_TIMEOUT: Duration = Duration::from_secs(60);
/// More than any answer of the admin address.
const MAX_ANSWER: u64 = 16 * 1024 * 1024;

/// Status and body of an answer.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) body: Vec<u8>,
}

/// Who is asked.
#[derive(Clone, Copy, Debug)]
pub(super) struct Admin<'a> {
    /// `http://host:port`, or without the scheme.
    pub(super) address: &'a str,
    pub(super) token_file: Option<&'a Path>,
}

impl Admin<'_> {
    /// Gets `path`.
    pub(super) fn get(&self, path: &str) -> anyhow::Result<Answer> {
        self.ask(&format!("GET {path} HTTP/1.0\r\n"), b"")
    }

    /// Posts JSON to `path`.
    pub(super) fn post(&self, path: &str, body: &[u8]) -> anyhow::Result<Answer> {
        self.bring("POST", path, body)
    }

    /// As [`Self::post`], for what is to go.
    pub(super) fn delete(&self, path: &str, body: &[u8]) -> anyhow::Result<Answer> {
        self.bring("DELETE", path, body)
    }

    fn bring(&self, method: &str, path: &str, body: &[u8]) -> anyhow::Result<Answer> {
        let length = body.len();
        let kind = "content-type: application/json";
        self.ask(&format!("{method} {path} HTTP/1.0\r\n{kind}\r\ncontent-length: {length}\r\n"), body)
    }

    /// An error also where whoever asks may not.
    fn ask(&self, head: &str, body: &[u8]) -> anyhow::Result<Answer> {
        let token = self.token_file.map(|file| {
            let text = fs::read_to_string(file).with_context(|| format!("cannot read the token {}", file.display()))?;
            anyhow::Ok(Secret::new(&text))
        });
        let answer = ask(self.address, head, body, token.transpose()?.as_ref())?;
        match (answer.status, self.token_file) {
            (401, None) => bail!("the admin address asks for a token; name its file with --token-file"),
            (401, Some(file)) => bail!("the admin address does not take the token in {}", file.display()),
            (403, _) => {
                let said: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
                bail!("the admin address refuses: {}", said["message"].as_str().unwrap_or("no reason was given"))
            }
            _ => Ok(answer),
        }
    }
}

/// Sends a request that begins so.
fn ask(admin: &str, head: &str, body: &[u8], token: Option<&Secret>) -> anyhow::Result<Answer> {
    let authority = admin.strip_prefix("http://").unwrap_or(admin).trim_end_matches('/');
    if authority.contains(['/', '@']) {
        bail!("{admin:?} is not an admin address; write it like http://127.0.0.1:9090");
    }
    let asked = || format!("cannot ask the admin address {authority}; is sendwall running, and is this its `admin`?");
    let answer = exchange(authority, head, body, token).with_context(asked)?;
    parse(&answer).with_context(|| format!("{authority} did not answer in HTTP"))
}

fn exchange(authority: &str, head: &str, body: &[u8], token: Option<&Secret>) -> std::io::Result<Vec<u8>> {
    let unknown = || std::io::Error::new(std::io::ErrorKind::NotFound, "no such host");
    let address = authority.to_socket_addrs()?.next().ok_or_else(unknown)?;
    let mut stream = TcpStream::connect_timeout(&address, TIMEOUT)?;
    stream.set_read_timeout(Some(if body.is_empty() { TIMEOUT } else { POST_TIMEOUT }))?;
    stream.set_write_timeout(Some(TIMEOUT))?;
    let bearer = token.map(|token| format!("authorization: Bearer {}\r\n", token.expose())).unwrap_or_default();
    write!(stream, "{head}host: {authority}\r\naccept: application/json\r\n{bearer}\r\n")?;
    stream.write_all(body)?;
    let mut answer = Vec::new();
    stream.take(MAX_ANSWER).read_to_end(&mut answer)?;
    Ok(answer)
}

fn parse(answer: &[u8]) -> anyhow::Result<Answer> {
    let mut headers = [httparse::EMPTY_HEADER; 64];
    let mut head = httparse::Response::new(&mut headers);
    let httparse::Status::Complete(length) = head.parse(answer)? else { bail!("the answer ends within its head") };
    let body = answer.get(length..).unwrap_or_default();
    let announced = head.headers.iter().find(|header| header.name.eq_ignore_ascii_case("content-length"));
    let announced = announced.and_then(|header| std::str::from_utf8(header.value).ok()?.parse::<usize>().ok());
    if announced.is_some_and(|length| length > body.len()) {
        bail!("the answer ends within its body");
    }
    Ok(Answer { status: head.code.unwrap_or_default(), body: body.to_vec() })
}

#[cfg(test)]
mod tests {
    use std::io::{BufRead as _, BufReader};
    use std::net::TcpListener;
    use std::thread;

    use super::*;

    /// Answers one connection with `answer` and gives what it was asked.
    fn serve(answer: &'static str) -> (String, thread::JoinHandle<Vec<String>>) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let admin = format!("http://{}", listener.local_addr().unwrap());
        let served = thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            let lines = BufReader::new(&stream).lines().map(Result::unwrap).take_while(|line| !line.is_empty());
            let asked = lines.collect();
            stream.write_all(answer.as_bytes()).unwrap();
            asked
        });
        (admin, served)
    }

    #[test]
    fn the_token_goes_along_and_the_body_comes_back() {
        let (admin, served) = serve("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}");
        let file = token_file("goes-along");
        let asking = Admin { address: &admin, token_file: Some(&file) };
        let answer = asking.get("/api/decisions/x").unwrap();
        assert_eq!((answer.status, answer.body.as_slice()), (200, b"{}".as_slice()));
        let asked = served.join().unwrap();
        assert_eq!(asked[0], "GET /api/decisions/x HTTP/1.0");
        assert!(asked.contains(&"authorization: Bearer letmein".to_owned()), "{asked:?}");
        fs::remove_file(file).unwrap();
    }

    #[test]
    fn why_whoever_asks_may_not_is_told() {
        let file = token_file("may-not");
        let no_token = "HTTP/1.1 401 Unauthorized\r\n\r\n{\"message\":\"it needs the token\"}";
        let no_host = "HTTP/1.1 403 Forbidden\r\n\r\n{\"message\":\"only localhost is answered\"}";
        let not_taken = format!("does not take the token in {}", file.display());
        for (answer, token_file, told) in [
            (no_token, None, "asks for a token; name its file with --token-file"),
            (no_token, Some(file.as_path()), not_taken.as_str()),
            (no_host, None, "only localhost is answered"),
            (no_host, Some(file.as_path()), "only localhost is answered"),
        ] {
            let (address, served) = serve(answer);
            let error = Admin { address: &address, token_file }.get("/").unwrap_err().to_string();
            assert!(error.ends_with(told), "{error}");
            served.join().unwrap();
        }
        fs::remove_file(file).unwrap();
    }

    fn token_file(name: &str) -> std::path::PathBuf {
        let file = std::env::temp_dir().join(format!("sendwall-fetch-{name}-{}", std::process::id()));
        fs::write(&file, "letmein\n").unwrap();
        file
    }

    fn get(address: &str, path: &str) -> anyhow::Result<Answer> {
        Admin { address, token_file: None }.get(path)
    }

    #[test]
    fn a_post_says_how_much_it_brings() {
        let (admin, served) = serve("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}");
        assert_eq!(Admin { address: &admin, token_file: None }.post("/api/reload", b"{}").unwrap().status, 200);
        let asked = served.join().unwrap();
        assert_eq!(asked[0], "POST /api/reload HTTP/1.0");
        assert!(asked.contains(&"content-length: 2".to_owned()), "{asked:?}");
    }

    #[test]
    fn half_an_answer_is_an_error() {
        for half in ["HTTP/1.1 200 OK\r\ncontent-length: 20\r\n\r\n{}", "HTTP/1.1 200 OK\r\n", "SSH-2.0-x\r\n", ""] {
            let (admin, served) = serve(half);
            assert!(get(&admin, "/").is_err(), "{half:?}");
            served.join().unwrap();
        }
        assert!(get("https://127.0.0.1:1/x", "/").is_err());
    }
}
