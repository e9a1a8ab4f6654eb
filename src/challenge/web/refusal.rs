//! The page for a form that is refused: says so in the person's language, and how to go on.
//!
//! Must not know: who is refused.

use super::html::escape;
use super::language::Language;
use super::page::whole;
use crate::domain::Span;

/// What a person can do about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// Wait so long.
    Wait(Span),
    /// Load the form's page anew.
    Reload,
    /// Look at what was typed.
    Number,
    /// Ask the people behind the app.
    Ask,
}

/// What stands on the page.
#[derive(Clone, Copy, Debug)]
pub struct Content<'a> {
    /// What it speaks.
    pub language: Language,
    /// Of the page's policy: nobody can foresee it.
    pub nonce: &'a str,
    /// What is to be done.
    pub way: Way,
    /// What support can look up.
    pub code: &'a str,
    /// Where the form is, for browsers without JavaScript.
    pub back: Option<&'a str>,
}

/// In one language.
struct Texts {
    title: &'static str,
    /// `{wait}` is how long.
    wait: &'static str,
    reload: &'static str,
    number: &'static str,
    ask: &'static str,
    /// Before the code.
    code: &'static str,
    /// Seconds, minutes and hours, behind a number.
    units: [&'static str; 3],
}

/// With a button that goes back to the form as it was filled in; without JavaScript a link to it.
pub fn refused(content: &Content<'_>) -> String {
    let Content { language, nonce, way, code, back } = *content;
    let texts = texts(language);
    let told = match way {
        Way::Wait(wait) => texts.wait.replace("{wait}", &rounded_up(wait, texts.units)),
        Way::Reload => texts.reload.to_owned(),
        Way::Number => texts.number.to_owned(),
        Way::Ask => texts.ask.to_owned(),
    };
    let go_back = escape(language.texts().page.go_back);
    let link = back.map(|back| format!("<noscript><p><a href=\"{}\">{go_back}</a></p></noscript>", escape(back)));
    let main = format!(
        "<p class=\"problem\" role=\"alert\">{}</p><p>{} <code>{}</code></p>{}\
         <button id=\"back\" type=\"button\" hidden>{go_back}</button>",
        escape(&told),
        escape(texts.code),
        escape(code),
        link.unwrap_or_default(),
    );
    let script = format!(
        "<script nonce=\"{}\">const back = document.getElementById('back'); back.hidden = history.length < 2; \
         back.onclick = () => history.back();</script>",
        escape(nonce)
    );
    whole(language, nonce, texts.title, &main, &script)
}

/// In whole seconds, minutes or hours, never shorter than it is.
fn rounded_up(wait: Span, [seconds, minutes, hours]: [&str; 3]) -> String {
    match wait.as_seconds_up().max(1) {
        few @ ..=90 => format!("{few} {seconds}"),
        some @ ..=5_400 => format!("{} {minutes}", some.div_ceil(60)),
        many => format!("{} {hours}", many.div_ceil(3_600)),
    }
}

const fn texts(language: Language) -> &'static Texts {
    match language {
        Language::En => &EN,
        Language::Zh => &ZH,
        Language::Ru => &RU,
        Language::Es => &ES,
        Language::It => &IT,
        Language::Fr => &FR,
        Language::De => &DE,
    }
}

/// Symbols that most languages share.
const UNITS: [&str; 3] = ["s", "min", "h"];

const EN: Texts = Texts {
    title: "Your form was not sent",
    wait: "There were too many requests. Please wait {wait}, then go back and send your form once more.",
    reload: "Please go back, reload the page and send your form once more.",
    number: "Please go back, check the phone number and send your form once more.",
    ask: "This request can't be accepted. If you think this is a mistake, please contact support.",
    code: "Code for support:",
    units: UNITS,
};

const ZH: Texts = Texts {
    title: "您的表单未提交",
    wait: "请求过于频繁。请等待 {wait}，然后返回并再次提交表单。",
    reload: "请返回并刷新页面，然后再次提交表单。",
    number: "请返回并检查手机号码，然后再次提交表单。",
    ask: "无法接受此请求。如果您认为有误，请联系客服。",
    code: "客服查询码：",
    units: ["秒", "分钟", "小时"],
};

const RU: Texts = Texts {
    title: "Форма не отправлена",
    wait: "Слишком много запросов. Подождите {wait}, затем вернитесь назад и отправьте форму ещё раз.",
    reload: "Вернитесь назад, обновите страницу и отправьте форму ещё раз.",
    number: "Вернитесь назад, проверьте номер телефона и отправьте форму ещё раз.",
    ask: "Этот запрос нельзя принять. Если вы считаете, что это ошибка, обратитесь в службу поддержки.",
    code: "Код для службы поддержки:",
    units: ["с", "мин", "ч"],
};

const ES: Texts = Texts {
    title: "Su formulario no se ha enviado",
    wait: "Ha habido demasiadas solicitudes. Espere {wait}, vuelva atrás y envíe el formulario otra vez.",
    reload: "Vuelva atrás, recargue la página y envíe el formulario otra vez.",
    number: "Vuelva atrás, compruebe el número de teléfono y envíe el formulario otra vez.",
    ask: "No se puede aceptar esta solicitud. Si cree que es un error, póngase en contacto con el servicio de asistencia.",
    code: "Código para el servicio de asistencia:",
    units: UNITS,
};

const IT: Texts = Texts {
    title: "Il modulo non è stato inviato",
    wait: "Ci sono state troppe richieste. Attenda {wait}, poi torni indietro e invii di nuovo il modulo.",
    reload: "Torni indietro, ricarichi la pagina e invii di nuovo il modulo.",
    number: "Torni indietro, controlli il numero di telefono e invii di nuovo il modulo.",
    ask: "Questa richiesta non può essere accettata. Se ritiene che sia un errore, contatti l'assistenza.",
    code: "Codice per l'assistenza:",
    units: UNITS,
};

const FR: Texts = Texts {
    title: "Votre formulaire n'a pas été envoyé",
    wait: "Il y a eu trop de demandes. Veuillez patienter {wait}, puis revenir en arrière et envoyer le formulaire une nouvelle fois.",
    reload: "Veuillez revenir en arrière, recharger la page et envoyer le formulaire une nouvelle fois.",
    number: "Veuillez revenir en arrière, vérifier le numéro de téléphone et envoyer le formulaire une nouvelle fois.",
    ask: "Cette demande ne peut pas être acceptée. Si vous pensez que c'est une erreur, veuillez contacter l'assistance.",
    code: "Code pour l'assistance :",
    units: UNITS,
};

const DE: Texts = Texts {
    title: "Ihr Formular wurde nicht gesendet",
    wait: "Es waren zu viele Anfragen. Bitte warten Sie {wait}, gehen Sie dann zurück und senden Sie das Formular noch einmal.",
    reload: "Bitte gehen Sie zurück, laden Sie die Seite neu und senden Sie das Formular noch einmal.",
    number: "Bitte gehen Sie zurück, prüfen Sie die Telefonnummer und senden Sie das Formular noch einmal.",
    ask: "Diese Anfrage kann nicht angenommen werden. Wenn Sie das für einen Irrtum halten, wenden Sie sich bitte an den Support.",
    code: "Code für den Support:",
    units: UNITS,
};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_says_what_to_do_in_every_language_and_nothing_leaves_its_element() {
        const HOSTILE: &str = "\"'><script>alert(1)</script>";
        let content = Content { language: Language::En, nonce: "n", way: Way::Ask, code: "id", back: None };
        for language in Language::ALL {
            let mut told = Vec::new();
            for way in [Way::Wait(Span::seconds(61)), Way::Reload, Way::Number, Way::Ask] {
                let page = refused(&Content { language, way, code: HOSTILE, back: Some(HOSTILE), ..content });
                assert!(page.contains(&format!("<html lang=\"{}\">", language.code())));
                assert!(!page.contains("<script>") && !page.contains("{wait}"), "{page}");
                told.push(page.split_once("alert\">").unwrap().1.split_once("</p>").unwrap().0.to_owned());
            }
            assert!(told[0].contains(&format!("61 {}", texts(language).units[0])), "{told:?}");
            told.dedup();
            assert_eq!(told.len(), 4, "{language:?}");
            let english = language == Language::En;
            assert_eq!(texts(language).title == EN.title || texts(language).ask == EN.ask, english, "{language:?}");
        }
        assert!(!refused(&content).contains("<a "), "nobody knows where the form is");
    }

    #[test]
    fn a_wait_is_told_in_what_people_count_by_and_never_too_short() {
        for (wait, told) in [
            (Span::default(), "1 s"),
            (Span::millis(29_001), "30 s"),
            (Span::seconds(90), "90 s"),
            (Span::seconds(91), "2 min"),
            (Span::minutes(90), "90 min"),
            (Span::seconds(5_401), "2 h"),
            (Span::hours(24), "24 h"),
        ] {
            assert_eq!(rounded_up(wait, UNITS), told);
        }
    }
}
