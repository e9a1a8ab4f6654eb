//! ALTCHA's own widgets and libraries, installed from their packages, against sendwall's challenges.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::float_cmp,
    reason = "a test that cannot go on should fail loudly, and metrics count whole numbers"
)]

mod libraries;
mod widgets;

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

/// Where the packages are, once they are installed; `None` where the tests may go without them.
fn installed() -> Option<&'static Path> {
    static PLACE: OnceLock<Option<PathBuf>> = OnceLock::new();
    let place = PLACE.get_or_init(|| {
        if std::env::var_os("SENDWALL_TEST_NO_ALTCHA").is_some_and(|set| set == "1") {
            return None;
        }
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let output = Command::new(root.join("tests/altcha/install.sh")).output().expect("bash is there");
        assert!(
            output.status.success(),
            "ALTCHA's packages can't be installed; they need npm, python3 with venv and a network (tests/run.sh installs \
             the first two), or set SENDWALL_TEST_NO_ALTCHA=1 to go without their tests: {}",
            String::from_utf8_lossy(&output.stderr)
        );
        Some(root.join("target/altcha"))
    });
    place.as_deref()
}
