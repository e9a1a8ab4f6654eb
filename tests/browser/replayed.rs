//! The page that a replay writes, on a screen.

use std::fs;

use super::forms::look;
use crate::journal::Scratch;
use crate::replay::{replay_of, said, trace_of};
use crate::support::webdriver::{self, Browser};

#[test]
fn what_would_have_been_told_can_be_read_on_a_phone() {
    if webdriver::is_left_out() {
        return;
    }
    let scratch = Scratch::new("replay-on-a-phone");
    let config = "upstream = \"http://127.0.0.1:3000\"\n[[endpoint]]\nname = \"login\"\nsend = \"POST /a\"\n\
                  verify = \"POST /b\"\nverified_if = \"status == 200\"\ndefault_region = \"GB\"\n";
    fs::write(scratch.path().join("plain.toml"), config).unwrap();
    let trace = trace_of("burst-address", 0.1);
    said(&replay_of(&scratch, &["-", "--config", "plain.toml", "--html", "page.html"], &trace));
    let browser = Browser::start();
    browser.open(&format!("file://{}", scratch.path().join("page.html").display()));
    let told = browser.eval(
        "const cell = document.querySelector('.words td:last-child');
         return [getComputedStyle(cell).textAlign, getComputedStyle(cell).whiteSpace, document.querySelector('pre').textContent[0]]",
    );
    assert_eq!(told, serde_json::json!(["left", "normal", "a"]), "the sentences of alerts");
    look(&browser, "replay");
}
