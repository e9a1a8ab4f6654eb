//! TLS on both sides.

use std::fs;
use std::path::PathBuf;

use sendwall::http::{Settings, TlsFiles};

use crate::support::app::App;
use crate::support::client::{curl, status};
use crate::support::gate::open_gate;
use crate::support::proxy::{Proxy, eventually, settings};

/// A directory with a certificate for `localhost` that signs itself.
struct Files(PathBuf);

impl Files {
    fn new(name: &str) -> Self {
        let directory = std::env::temp_dir().join(format!("sendwall-{}-{name}", std::process::id()));
        fs::create_dir_all(&directory).unwrap();
        let files = Self(directory);
        files.renew();
        files
    }

    /// Writes another certificate. Gives the file of its authority, which is the certificate itself.
    fn renew(&self) -> String {
        let made = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap();
        fs::write(self.tls().key, made.signing_key.serialize_pem()).unwrap();
        fs::write(self.tls().certificate, made.cert.pem()).unwrap();
        let authority = self.0.join("authority.pem");
        fs::write(&authority, made.cert.pem()).unwrap();
        authority.to_str().unwrap().to_owned()
    }

    fn tls(&self) -> TlsFiles {
        TlsFiles { certificate: self.0.join("certificate.pem"), key: self.0.join("key.pem") }
    }
}

impl Drop for Files {
    fn drop(&mut self) {
        let _gone = fs::remove_dir_all(&self.0);
    }
}

fn url(proxy: &Proxy) -> String {
    format!("https://localhost:{}/", proxy.address.port())
}

#[test]
fn certificates_are_read_again_when_they_change_and_broken_ones_are_not_used() {
    let app = App::saying("ok");
    let files = Files::new("reload");
    let first = files.renew();
    let proxy = Proxy::start(Settings { tls: Some(files.tls()), ..settings(app.address) }, open_gate());
    for (version, head) in [("--http1.1", "HTTP/1.1 200"), ("--http2", "HTTP/2 200")] {
        let answer = curl(&["-i", version, "--cacert", &first, &url(&proxy)]);
        assert!(answer.starts_with(head) && answer.ends_with("ok"), "{answer}");
    }
    assert!(app.requests().iter().all(|request| request.header("x-forwarded-proto") == ["https"]));
    assert!(app.requests().iter().all(|request| request.header("host")[0].starts_with("localhost:")));
    let second = files.renew();
    eventually("the new certificate is read", || proxy.counters.certificates_loaded.get() > 0);
    assert_eq!(curl(&["--cacert", &second, &url(&proxy)]), "ok");
    let refused = proxy.counters.certificates_refused.get();
    fs::write(files.tls().certificate, "no certificate").unwrap();
    eventually("the broken one is refused", || proxy.counters.certificates_refused.get() > refused);
    assert_eq!(curl(&["--cacert", &second, &url(&proxy)]), "ok");
}

#[test]
fn the_upstreams_certificate_is_checked() {
    let app = App::saying("ok");
    let files = Files::new("upstream");
    let authority = files.renew();
    let inner = Proxy::start(Settings { tls: Some(files.tls()), ..settings(app.address) }, open_gate());
    let stranger = Files::new("stranger");
    for (ca, code) in [(authority, 200), (stranger.renew(), 502)] {
        let mut outer = settings(inner.address);
        outer.upstream.host = "localhost".into();
        outer.upstream.tls = true;
        outer.upstream.ca = Some(ca.into());
        let outer = Proxy::start(outer, open_gate());
        let answer = curl(&["-i", &outer.url("/")]);
        assert_eq!(status(&answer), code, "{answer}");
    }
    assert_eq!(app.requests().len(), 1);
}
