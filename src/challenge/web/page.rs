//! The page that answers a form: with JavaScript it solves the challenge and sends the form again, without it asks for
//! the characters in a picture.
//!
//! Must not know: who gets a page.

use serde::Serialize;

use super::form::Form;
use super::html::{escape, json_in_script};
use super::language::Language;
use super::texts::Page as PageTexts;

const STYLE: &str = include_str!("page.css");

/// What stands on the page.
#[derive(Clone, Copy)]
#[expect(missing_debug_implementations, reason = "holds raw numbers")]
pub struct Content<'a> {
    /// What it speaks.
    pub language: Language,
    /// Of the page's policy: nobody can foresee it.
    pub nonce: &'a str,
    /// The challenge's JSON.
    pub challenge: &'a str,
    /// The form; `None` where a page can't send it again.
    pub form: Option<&'a Form>,
    /// Whether the form came from another site: a person has to press a button then.
    pub foreign: bool,
    /// A picture for browsers without JavaScript.
    pub picture: Option<Picture<'a>>,
}

/// A picture with characters to be typed, and what its answer has to bring along.
#[derive(Clone, Copy)]
#[expect(missing_debug_implementations, reason = "holds raw numbers")]
pub struct Picture<'a> {
    /// Its ticket.
    pub token: &'a str,
    /// Address of the picture.
    pub image: &'a str,
    /// Address of the recording.
    pub audio: Option<&'a str>,
    /// The form in a text that we signed; `None` where there is none to be sent again.
    pub form: Option<&'a str>,
    /// Where the answer goes.
    pub solve: &'a str,
}

/// What page.js reads.
#[derive(Serialize)]
struct Data<'a> {
    again: Again,
    texts: &'a PageTexts,
}

/// How the form goes on its way once the challenge is solved.
#[derive(Clone, Copy, Serialize)]
#[serde(rename_all = "lowercase")]
enum Again {
    /// By itself.
    Send,
    /// By itself, but first a person presses a button.
    Press,
    /// A person goes back and sends it.
    Back,
}

/// The page for a challenge.
pub fn challenge(content: &Content<'_>) -> String {
    let texts = &content.language.texts().page;
    let again = match content.form {
        None => Again::Back,
        Some(_) if content.foreign => Again::Press,
        Some(_) => Again::Send,
    };
    let rest = serde_json::to_string(&Data { again, texts }).unwrap_or_default();
    // The challenge is JSON already.
    let data = format!("{{\"challenge\":{},{}", content.challenge, rest.get(1..).unwrap_or_default());
    let without_script = match &content.picture {
        Some(picture) => picture_form(content.language, picture, ""),
        None => format!("<p>{}</p>", escape(texts.no_script)),
    };
    let form = content.form.map(|form| form.html("form", "")).unwrap_or_default();
    let main = format!(
        "<p id=\"status\" role=\"status\"></p><div id=\"bar\" class=\"bar\" hidden></div>\
         <p id=\"problem\" class=\"problem\" role=\"alert\"></p><div id=\"ask\"></div>\
         <button id=\"go\" type=\"button\" hidden></button><noscript>{without_script}</noscript>{form}"
    );
    let scripts = format!(
        "<script type=\"application/json\" id=\"data\">{}</script>\
         <script nonce=\"{nonce}\" src=\"/_sendwall/client.js\"></script>\
         <script nonce=\"{nonce}\" src=\"/_sendwall/page.js\"></script>",
        json_in_script(&data),
        nonce = escape(content.nonce),
    );
    whole(content.language, content.nonce, texts.title, &main, &scripts)
}

/// The page after a wrong answer without JavaScript: another picture.
pub fn another_picture(language: Language, nonce: &str, picture: &Picture<'_>) -> String {
    let texts = language.texts();
    let main = picture_form(language, picture, texts.dialog.wrong);
    whole(language, nonce, texts.dialog.title, &main, "")
}

/// The page after a right answer without JavaScript: a button that sends the form.
pub fn solved(language: Language, nonce: &str, form: Option<&Form>) -> String {
    let texts = &language.texts().page;
    let main = match form {
        Some(form) => {
            let button = format!("<p>{}</p><button>{}</button>", escape(texts.right), escape(texts.go));
            form.html("form", &button)
        }
        None => format!("<p>{}</p>", escape(texts.back)),
    };
    whole(language, nonce, texts.title, &main, "")
}

/// The page where an answer without JavaScript can't count any more: the form has to be sent anew.
pub fn failed(language: Language, nonce: &str, form: Option<&Form>) -> String {
    let texts = &language.texts().page;
    let again = form.map(|form| form.html("form", &format!("<button>{}</button>", escape(texts.retry))));
    let main = format!("<p class=\"problem\" role=\"alert\">{}</p>{}", escape(texts.failed), again.unwrap_or_default());
    whole(language, nonce, texts.title, &main, "")
}

fn picture_form(language: Language, picture: &Picture<'_>, problem: &str) -> String {
    let texts = &language.texts().dialog;
    let audio = picture.audio.map(|audio| {
        let (source, label) = (escape(audio), escape(texts.listen));
        let source = format!("{source}?lang={}", language.code());
        format!("<audio controls preload=\"none\" src=\"{source}\" aria-label=\"{label}\"></audio>")
    });
    let form = picture.form.map(|form| format!("<input type=\"hidden\" name=\"form\" value=\"{}\">", escape(form)));
    format!(
        "<form method=\"post\" action=\"{solve}\"><input type=\"hidden\" name=\"token\" value=\"{token}\">\
         <input type=\"hidden\" name=\"provider\" value=\"image\">{form}\
         <p>{lead}</p><img src=\"{image}\" alt=\"{alt}\">{audio}\
         <label for=\"answer\">{label}</label>\
         <input type=\"text\" id=\"answer\" name=\"answer\" required autocomplete=\"off\" autocapitalize=\"none\" \
         spellcheck=\"false\" aria-describedby=\"wrong\"><p id=\"wrong\" class=\"problem\" role=\"alert\">{problem}</p>\
         <button>{go}</button></form>",
        solve = escape(picture.solve),
        token = escape(picture.token),
        form = form.unwrap_or_default(),
        lead = escape(texts.image),
        image = escape(picture.image),
        alt = escape(texts.alt),
        audio = audio.unwrap_or_default(),
        label = escape(texts.label),
        problem = escape(problem),
        go = escape(texts.go),
    )
}

/// A page with its head and its style.
pub(super) fn whole(language: Language, nonce: &str, title: &str, main: &str, scripts: &str) -> String {
    let (lang, nonce, title) = (language.code(), escape(nonce), escape(title));
    format!(
        "<!DOCTYPE html>\n<html lang=\"{lang}\"><head><meta charset=\"utf-8\"><title>{title}</title>\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"><meta name=\"robots\" content=\"noindex\">\
         <link rel=\"icon\" href=\"data:,\"><style nonce=\"{nonce}\">\n{STYLE}</style></head>\
         <body><main><h1>{title}</h1>{main}</main>{scripts}</body></html>\n"
    )
}

/// The page's content security policy. `widgets`: a captcha provider's widget may be shown, which needs its maker's
/// frames, styles and pictures. Where a form may go is left open: the app may redirect to anywhere.
pub fn policy(nonce: &str, widgets: bool) -> String {
    let own = format!(
        "default-src 'none'; base-uri 'none'; frame-ancestors 'self'; worker-src 'self' blob:; media-src 'self'; \
         script-src 'nonce-{nonce}' 'strict-dynamic'"
    );
    if widgets {
        own + " 'wasm-unsafe-eval'; style-src 'unsafe-inline' https:; img-src 'self' data: https:; connect-src 'self' https:; \
               frame-src https:"
    } else {
        format!("{own}; style-src 'nonce-{nonce}'; img-src 'self' data:; connect-src 'self'")
    }
}

#[cfg(test)]
mod tests {
    use http::Method;

    use super::super::form::Posted;
    use super::*;

    const HOSTILE: &str = "\"'><script>alert(1)</script><!--</form>&lt;";

    fn hostile_form() -> Form {
        let encode =
            |text: &str| percent_encoding::utf8_percent_encode(text, percent_encoding::NON_ALPHANUMERIC).to_string();
        let body = format!("{0}={0}&submit=x", encode(HOSTILE));
        let path = "/login\"><script>alert(2)</script>";
        let content_type = Some("application/x-www-form-urlencoded");
        Form::read(&Posted { method: &Method::POST, path, query: None, content_type, body: body.as_bytes() }).unwrap()
    }

    #[test]
    fn hostile_values_stay_values() {
        let form = hostile_form();
        let challenge_json = serde_json::json!({ "kind": "pow", "x": HOSTILE }).to_string();
        let picture =
            Picture { token: HOSTILE, image: HOSTILE, audio: Some(HOSTILE), form: Some(HOSTILE), solve: HOSTILE };
        let content = Content {
            language: Language::En,
            nonce: "n",
            challenge: &challenge_json,
            form: Some(&form),
            foreign: false,
            picture: Some(picture),
        };
        let pages = [
            challenge(&content),
            another_picture(Language::Fr, "n", &picture),
            solved(Language::De, "n", Some(&form)),
            failed(Language::Zh, "n", Some(&form)),
        ];
        for page in pages {
            assert!(!page.contains("<script>"), "{page}");
            assert!(!page.contains("<!--"), "{page}");
            let ours = page.matches("<script").count();
            assert_eq!(page.matches("</script>").count(), ours, "{page}");
        }
    }

    #[test]
    fn the_data_is_json() {
        let content = Content {
            language: Language::It,
            nonce: "n",
            challenge: r#"{"kind":"pow"}"#,
            form: None,
            foreign: true,
            picture: None,
        };
        let page = challenge(&content);
        let data = page.split_once("id=\"data\">").unwrap().1.split_once("</script>").unwrap().0;
        let data: serde_json::Value = serde_json::from_str(data).unwrap();
        assert_eq!(data["challenge"]["kind"], "pow");
        assert_eq!(data["again"], "back", "there is no form to be pressed");
        assert!(data["texts"]["title"].is_string());
        assert!(page.contains("<html lang=\"it\">") && page.contains("<noscript><p>Questo"));
    }
}
