//! Forms that are posted by hand: answered by a page, which sends the same form again.

use std::path::Path;

use super::shop::{HTML, RULES, app, arrived, before, by_name, html, suspicious};
use crate::support::app::{App, Recorded};
use crate::support::gate::looks_alone;
use crate::support::webdriver::{self, Browser};
use crate::whole::stage::Sendwall;

/// Names and values that break out of HTML wherever they are not escaped, and names that hide a form's own methods.
const HOSTILE: &str = r#"
<input type=hidden name=submit value=1><input type=hidden name=action value="https://evil.example/">
<input type=hidden name='"><img src=x onerror=alert(1)>' value="'><script>alert(2)</script>">
<input type=hidden name=comment value="</script><script>alert(3)</script><!--">
<input type=hidden name=entities value="&amp;lt; &amp;#39; &amp;amp;amp; é 中文 😀">
<input type=hidden name=empty value=""><input type=hidden name=twice value=1><input type=hidden name=twice value=2>
<input type=hidden name=spaces value="  a  b  +  %2B  ">
<textarea name=text>

one
two </textarea>"#;

/// One for all: whoever asks for many is asked for more than work.
const PHONE: &str = "+44 7402 417171";

fn form(attributes: &str, inner: &str) -> String {
    format!("<form {attributes}><input name=phone value='{PHONE}'>{inner}<button id=go>Send</button></form>")
}

/// The pages with forms.
fn page(path: &str) -> Option<(String, String)> {
    let (kind, attributes, inner) = match path {
        "/form" => (HTML, "method=post action='/login?next=%2Fa%3Fb&amp;x=%22'", HOSTILE),
        "/multipart" => (
            HTML,
            "method=post action=/login enctype=multipart/form-data",
            &*format!("{HOSTILE}<input type=file name=photo>"),
        ),
        "/get" => (HTML, "action=/send", HOSTILE),
        // What a Chinese page of old sends is no UTF-8.
        "/gbk" => {
            (HTML, "method=post action=/login accept-charset=gbk", "<input type=hidden name=name value='张三€Ÿ'>")
        }
        "/file" => {
            (HTML, "method=post action=/login enctype=multipart/form-data", "<input type=file name=photo id=photo>")
        }
        "/captcha" => (HTML, "method=post action=/login", ""),
        _ => return None,
    };
    let (_, page) = html(&form(attributes, inner));
    Some((kind.to_owned(), page))
}

/// What of a request is to be the same: its line, its type and its body, with one name for any boundary.
fn content(request: &Recorded) -> (String, String, String) {
    let kind = request.header("content-type").first().map(ToString::to_string).unwrap_or_default();
    let body = String::from_utf8_lossy(&request.body).into_owned();
    let boundary = kind.split_once("boundary=").map(|(_, boundary)| boundary.to_owned());
    let named = |text: String| boundary.as_ref().map_or_else(|| text.clone(), |boundary| text.replace(boundary, "B"));
    (request.lines[0].clone(), named(kind), named(body))
}

/// Sends the form of a page: to the app itself, and through sendwall. Gives what arrived of both.
fn both_ways(
    browser: &Browser,
    app: &App,
    sendwall: &Sendwall,
    page: &str,
    path: &str,
) -> [(String, String, String); 2] {
    [format!("http://{}{page}", app.address), sendwall.url(page)].map(|url| {
        let before = arrived(app, path).len();
        browser.open(&url);
        browser.click("#go");
        assert_eq!(browser.text("#sent"), "Sent");
        let requests = arrived(app, path);
        assert_eq!(requests.len(), before + 1, "sent once: {url}");
        content(requests.last().unwrap())
    })
}

#[test]
fn the_form_that_arrives_is_the_one_that_was_sent() {
    if webdriver::is_left_out() {
        return;
    }
    let app = app(page);
    let sendwall = before(&app);
    let browser = suspicious(&[]);
    for (page, path) in [("/form", "/login"), ("/multipart", "/login"), ("/get", "/send"), ("/gbk", "/login")] {
        let [direct, through] = both_ways(&browser, &app, &sendwall, page, path);
        assert_eq!(through, direct, "{page}");
    }
    assert_eq!(sendwall.metric("sendwall_challenges_solved_total", &["kind=\"pow\""]), 4.0);
    // A cookie is a host's, whatever the port: what went to the app itself may have it.
    let through = arrived(&app, "/login").into_iter().filter(|request| !request.header("sendwall-decision").is_empty());
    let lines: Vec<String> = through.map(|request| request.lines.concat()).collect();
    assert_eq!(lines.len(), 3);
    assert!(lines.iter().all(|lines| !lines.contains("sendwall_pass")), "the pass stays at sendwall");
}

#[test]
fn without_web_crypto_the_page_works_too() {
    if webdriver::is_left_out() {
        return;
    }
    let app = app(page);
    let sendwall = before(&app);
    let browser = suspicious(&[]);
    browser.open(&by_name(&sendwall, "/form"));
    assert_eq!(browser.eval("return [isSecureContext, typeof crypto.subtle].join()"), "false,undefined");
    browser.click("#go");
    assert_eq!(browser.text("#sent"), "Sent");
}

#[test]
fn a_form_with_a_file_is_sent_again_by_hand() {
    if webdriver::is_left_out() {
        return;
    }
    let app = app(page);
    let sendwall = before(&app);
    let browser = suspicious(&[]);
    let file = sendwall.directory.write("photo.txt", "a photo");
    browser.open(&sendwall.url("/file"));
    browser.fill("#photo", file.to_str().unwrap());
    browser.click("#go");
    browser.wait_for("document.querySelector('#status')?.textContent.startsWith('Done. Please go back')");
    assert!(arrived(&app, "/login").is_empty());
    browser.click("#go");
    browser.wait_for("document.querySelector('#photo')");
    browser.fill("#photo", file.to_str().unwrap());
    browser.click("#go");
    assert_eq!(browser.text("#sent"), "Sent");
    assert!(String::from_utf8_lossy(&arrived(&app, "/login")[0].body).contains("a photo"));
}

#[test]
fn the_page_speaks_seven_languages_and_fits_every_screen() {
    if webdriver::is_left_out() {
        return;
    }
    let app = app(page);
    let sendwall = before(&app);
    let browser = suspicious(&[]);
    // The solution never gets there: what is on the page meanwhile can be looked at.
    browser.before_pages("window.fetch = () => new Promise(() => {})");
    for (language, title) in [
        ("en-GB", "One moment, please"),
        ("zh-CN", "请稍候"),
        ("ru", "Одну минуту"),
        ("es-MX", "Un momento, por favor"),
        ("it", "Un momento, per favore"),
        ("fr-CA", "Un instant, s'il vous plaît"),
        ("de-AT", "Einen Moment, bitte"),
    ] {
        browser.speak(language);
        browser.open(&sendwall.url("/form"));
        browser.click("#go");
        browser.wait_for(&format!("document.querySelector('h1')?.textContent === {title:?}"));
        let code = language.split('-').next().unwrap();
        assert_eq!(browser.eval("return document.documentElement.lang"), code);
        look(&browser, &format!("page-working-{code}"));
    }
    browser.darken();
    look(&browser, "page-dark");
}

#[test]
fn what_fails_is_said_and_can_be_tried_again() {
    if webdriver::is_left_out() {
        return;
    }
    let app = app(page);
    let sendwall = before(&app);
    let browser = suspicious(&[]);
    browser.open(&sendwall.url("/form"));
    browser.cut(&["*/_sendwall/solve"]);
    browser.click("#go");
    browser.wait_for("document.querySelector('#problem').textContent === \"That didn't work. Please try again.\"");
    look(&browser, "page-failed");
    browser.cut(&[]);
    browser.click("#go");
    assert_eq!(browser.text("#sent"), "Sent");
}

#[test]
fn a_form_of_another_site_is_sent_only_if_a_person_says_so() {
    if webdriver::is_left_out() {
        return;
    }
    let app = app(page);
    let sendwall = before(&app);
    let elsewhere = self::app({
        let action = by_name(&sendwall, "/login");
        move |path| (path == "/").then(|| html(&form(&format!("method=post action='{action}'"), "")))
    });
    let browser = suspicious(&[]);
    browser.open(&format!("http://{}/", elsewhere.address));
    browser.click("#go");
    browser.wait_for("document.querySelector('#status')?.textContent.startsWith('You came here from another site')");
    look(&browser, "page-foreign");
    assert!(arrived(&app, "/login").is_empty());
    browser.click("#go");
    assert_eq!(browser.text("#sent"), "Sent");
}

#[test]
fn who_is_told_to_wait_can_go_back_to_what_was_filled_in() {
    if webdriver::is_left_out() {
        return;
    }
    let app = app(page);
    let limit = "[[limit]]\nname = \"once\"\nkey = [\"phone\"]\nmax = 1\nper = \"60s\"\n";
    let sendwall = Sendwall::start(app.address, &format!("{}{limit}", looks_alone(RULES)));
    let browser = Browser::start();
    for press in [1, 2] {
        browser.open(&sendwall.url("/captcha"));
        browser.eval("document.querySelector('[name=phone]').value = '+44 7402 417999'");
        browser.click("#go");
        if press == 1 {
            assert_eq!(browser.text("#sent"), "Sent");
        }
    }
    browser.wait_for("document.querySelector('.problem')?.textContent.startsWith('There were too many requests')");
    look(&browser, "page-refused");
    browser.click("#back");
    browser.wait_for("document.querySelector('[name=phone]')?.value === '+44 7402 417999'");
}

/// Takes pictures as a phone and a desk show the page; nothing may be wider than the screen, or without a name.
pub(super) fn look(browser: &Browser, name: &str) {
    for (width, height) in [(320, 640), (390, 844), (1280, 800)] {
        let file = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("{name}-{width}.png"));
        browser.screenshot(width, height, &file);
        let overflow = browser.eval("return document.documentElement.scrollWidth - innerWidth");
        assert!(overflow.as_i64().unwrap() <= 0, "{name}: wider than a screen of {width}: {overflow}");
    }
    let nameless = browser.eval(
        "const all = [document, ...[...document.querySelectorAll('sendwall-dialog')].map((host) => host.shadowRoot)]
             .flatMap((root) => [...root.querySelectorAll('input:not([type=hidden]):not([hidden])')]);
         return all.filter((input) => !input.labels.length).length",
    );
    assert_eq!(nameless, 0, "{name}: every field has a label");
}
