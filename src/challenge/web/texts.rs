//! What sendwall's pages say, in each language.

use serde::Serialize;

/// All texts in one language.
#[derive(Serialize)]
pub(super) struct Texts {
    pub(super) page: Page,
    pub(super) dialog: Dialog,
}

/// Of the page that answers a form.
#[derive(Serialize)]
pub(super) struct Page {
    /// Title and heading.
    pub(super) title: &'static str,
    /// While the browser works.
    pub(super) working: &'static str,
    /// The same, when it takes long.
    pub(super) slow: &'static str,
    /// The form is being sent.
    pub(super) done: &'static str,
    /// It did not work.
    pub(super) failed: &'static str,
    /// Try again.
    pub(super) retry: &'static str,
    /// Cookies are off.
    pub(super) cookies: &'static str,
    /// Asked of someone who comes from another site.
    pub(super) press: &'static str,
    /// Button: go on.
    pub(super) go: &'static str,
    /// The form can't be sent again from here.
    pub(super) back: &'static str,
    /// Button: to the form.
    pub(super) go_back: &'static str,
    /// Without JavaScript, after a right answer.
    pub(super) right: &'static str,
    /// Without JavaScript and without a picture.
    pub(super) no_script: &'static str,
}

/// Of what a person is asked to do.
#[derive(Serialize)]
pub(super) struct Dialog {
    /// The language itself.
    pub(super) lang: &'static str,
    /// Heading.
    pub(super) title: &'static str,
    /// What to do with the picture.
    pub(super) image: &'static str,
    /// Label of the field.
    pub(super) label: &'static str,
    /// The picture, for who can't see it.
    pub(super) alt: &'static str,
    /// Button: the recording.
    pub(super) listen: &'static str,
    /// Button: another picture.
    pub(super) another: &'static str,
    /// Button: another kind of challenge.
    pub(super) other_way: &'static str,
    /// Button.
    pub(super) cancel: &'static str,
    /// Button.
    pub(super) go: &'static str,
    /// Button: the same once more, after it failed.
    pub(super) retry: &'static str,
    /// After a wrong answer.
    pub(super) wrong: &'static str,
    /// Something doesn't answer.
    pub(super) failed: &'static str,
    /// Too many tries.
    pub(super) too_many: &'static str,
    /// Above a provider's widget.
    pub(super) widget: &'static str,
    /// Above the word to be sent; `{to}` is the number.
    pub(super) sms: &'static str,
    /// Button: the phone's own app.
    pub(super) sms_open: &'static str,
    /// While the message isn't there.
    pub(super) sms_waiting: &'static str,
}

pub(super) const EN: Texts = Texts {
    page: Page {
        title: "One moment, please",
        working: "We are checking your browser to keep bots away. This takes a few seconds, and there is nothing you need to do.",
        slow: "This is taking longer than usual. Please stay on this page.",
        done: "Done. Sending your form…",
        failed: "That didn't work. Please try again.",
        retry: "Try again",
        cookies: "Please allow cookies for this site, then try again.",
        press: "You came here from another site. Continue only if you filled in a form there and want to send it.",
        go: "Continue",
        back: "Done. Please go back and send your form once more.",
        go_back: "Go back",
        right: "Thank you. Continue to send your form.",
        no_script: "This check needs JavaScript. Please switch it on, or use another browser, and send your form again.",
    },
    dialog: Dialog {
        lang: "en",
        title: "Are you a person?",
        image: "Please type the characters in the picture.",
        label: "Characters",
        alt: "Distorted characters. If you can't read them, choose “Listen”.",
        listen: "Listen",
        another: "Another picture",
        other_way: "Another way",
        cancel: "Cancel",
        go: "Continue",
        retry: "Try again",
        wrong: "That wasn't right. Please try this one.",
        failed: "That didn't work. Please try again.",
        too_many: "Too many tries. Please wait a minute.",
        widget: "Please complete this check.",
        sms: "Please send this word as a text message to {to}.",
        sms_open: "Open messages",
        sms_waiting: "Waiting for your message…",
    },
};

pub(super) const ZH: Texts = Texts {
    page: Page {
        title: "请稍候",
        working: "我们正在检查您的浏览器，以阻止机器人。只需几秒钟，您无需任何操作。",
        slow: "这次比平时久一些，请不要离开此页面。",
        done: "完成，正在提交您的表单……",
        failed: "未能完成，请重试。",
        retry: "重试",
        cookies: "请允许此网站使用 Cookie，然后重试。",
        press: "您是从其他网站来到这里的。如果您确实在那里填写了表单并想提交，请继续。",
        go: "继续",
        back: "完成。请返回并再次提交表单。",
        go_back: "返回",
        right: "谢谢。请点击“继续”提交您的表单。",
        no_script: "此项检查需要 JavaScript。请启用 JavaScript 或换用其他浏览器，然后重新提交表单。",
    },
    dialog: Dialog {
        lang: "zh",
        title: "您是真人吗？",
        image: "请输入图片中的字符。",
        label: "字符",
        alt: "变形的字符。如果看不清，请选择“收听”。",
        listen: "收听",
        another: "换一张图片",
        other_way: "换一种方式",
        cancel: "取消",
        go: "继续",
        retry: "重试",
        wrong: "输入有误，请试试这一张。",
        failed: "未能完成，请重试。",
        too_many: "尝试次数过多，请稍等一分钟。",
        widget: "请完成此项验证。",
        sms: "请将以下内容以短信发送至 {to}。",
        sms_open: "打开短信",
        sms_waiting: "正在等待您的短信……",
    },
};

pub(super) const RU: Texts = Texts {
    page: Page {
        title: "Одну минуту",
        working: "Мы проверяем ваш браузер, чтобы не пропускать ботов. Это займёт несколько секунд, от вас ничего не требуется.",
        slow: "Проверка идёт дольше обычного. Пожалуйста, не закрывайте страницу.",
        done: "Готово. Отправляем форму…",
        failed: "Не получилось. Попробуйте ещё раз.",
        retry: "Попробовать ещё раз",
        cookies: "Разрешите этому сайту использовать файлы cookie и попробуйте ещё раз.",
        press: "Вы перешли сюда с другого сайта. Продолжайте, только если заполнили там форму и хотите её отправить.",
        go: "Продолжить",
        back: "Готово. Вернитесь назад и отправьте форму ещё раз.",
        go_back: "Назад",
        right: "Спасибо. Нажмите «Продолжить», чтобы отправить форму.",
        no_script: "Для этой проверки нужен JavaScript. Включите его или откройте другой браузер и отправьте форму снова.",
    },
    dialog: Dialog {
        lang: "ru",
        title: "Вы человек?",
        image: "Введите символы с картинки.",
        label: "Символы",
        alt: "Искажённые символы. Если их не разобрать, выберите «Прослушать».",
        listen: "Прослушать",
        another: "Другая картинка",
        other_way: "Другой способ",
        cancel: "Отмена",
        go: "Продолжить",
        retry: "Попробовать ещё раз",
        wrong: "Неверно. Попробуйте с этой картинкой.",
        failed: "Не получилось. Попробуйте ещё раз.",
        too_many: "Слишком много попыток. Подождите минуту.",
        widget: "Пройдите эту проверку.",
        sms: "Отправьте это слово в SMS на номер {to}.",
        sms_open: "Открыть сообщения",
        sms_waiting: "Ждём ваше сообщение…",
    },
};

pub(super) const ES: Texts = Texts {
    page: Page {
        title: "Un momento, por favor",
        working: "Estamos comprobando su navegador para impedir el paso a los bots. Tarda unos segundos y no tiene que hacer nada.",
        slow: "Está tardando más de lo habitual. Por favor, no cierre esta página.",
        done: "Listo. Enviando su formulario…",
        failed: "No ha funcionado. Inténtelo de nuevo.",
        retry: "Intentar de nuevo",
        cookies: "Permita las cookies de este sitio e inténtelo de nuevo.",
        press: "Ha llegado aquí desde otro sitio. Continúe solo si rellenó allí un formulario y quiere enviarlo.",
        go: "Continuar",
        back: "Listo. Vuelva atrás y envíe el formulario otra vez.",
        go_back: "Volver",
        right: "Gracias. Pulse «Continuar» para enviar el formulario.",
        no_script: "Esta comprobación necesita JavaScript. Actívelo o use otro navegador y envíe el formulario de nuevo.",
    },
    dialog: Dialog {
        lang: "es",
        title: "¿Es usted una persona?",
        image: "Escriba los caracteres de la imagen.",
        label: "Caracteres",
        alt: "Caracteres distorsionados. Si no puede leerlos, elija «Escuchar».",
        listen: "Escuchar",
        another: "Otra imagen",
        other_way: "Otro modo",
        cancel: "Cancelar",
        go: "Continuar",
        retry: "Intentar de nuevo",
        wrong: "No es correcto. Pruebe con esta imagen.",
        failed: "No ha funcionado. Inténtelo de nuevo.",
        too_many: "Demasiados intentos. Espere un minuto.",
        widget: "Complete esta comprobación.",
        sms: "Envíe esta palabra en un SMS al {to}.",
        sms_open: "Abrir mensajes",
        sms_waiting: "Esperando su mensaje…",
    },
};

pub(super) const IT: Texts = Texts {
    page: Page {
        title: "Un momento, per favore",
        working: "Stiamo controllando il browser per tenere lontani i bot. Bastano pochi secondi e non deve fare nulla.",
        slow: "Ci vuole più del solito. La preghiamo di restare su questa pagina.",
        done: "Fatto. Invio del modulo in corso…",
        failed: "Non ha funzionato. Riprovi.",
        retry: "Riprova",
        cookies: "Consenta i cookie per questo sito e riprovi.",
        press: "È arrivato qui da un altro sito. Continui solo se lì ha compilato un modulo e vuole inviarlo.",
        go: "Continua",
        back: "Fatto. Torni indietro e invii di nuovo il modulo.",
        go_back: "Indietro",
        right: "Grazie. Prema «Continua» per inviare il modulo.",
        no_script: "Questo controllo richiede JavaScript. Lo attivi o usi un altro browser, poi invii di nuovo il modulo.",
    },
    dialog: Dialog {
        lang: "it",
        title: "Lei è una persona?",
        image: "Scriva i caratteri che vede nell'immagine.",
        label: "Caratteri",
        alt: "Caratteri distorti. Se non riesce a leggerli, scelga «Ascolta».",
        listen: "Ascolta",
        another: "Un'altra immagine",
        other_way: "Un altro modo",
        cancel: "Annulla",
        go: "Continua",
        retry: "Riprova",
        wrong: "Non è corretto. Provi con questa immagine.",
        failed: "Non ha funzionato. Riprovi.",
        too_many: "Troppi tentativi. Attenda un minuto.",
        widget: "Completi questo controllo.",
        sms: "Invii questa parola con un SMS al {to}.",
        sms_open: "Apri i messaggi",
        sms_waiting: "In attesa del Suo messaggio…",
    },
};

pub(super) const FR: Texts = Texts {
    page: Page {
        title: "Un instant, s'il vous plaît",
        working: "Nous vérifions votre navigateur pour écarter les robots. Cela prend quelques secondes et vous n'avez rien à faire.",
        slow: "Cela prend plus de temps que d'habitude. Merci de rester sur cette page.",
        done: "C'est fait. Envoi de votre formulaire…",
        failed: "Cela n'a pas fonctionné. Veuillez réessayer.",
        retry: "Réessayer",
        cookies: "Veuillez autoriser les cookies pour ce site, puis réessayer.",
        press: "Vous venez d'un autre site. Ne continuez que si vous y avez rempli un formulaire que vous voulez envoyer.",
        go: "Continuer",
        back: "C'est fait. Veuillez revenir en arrière et envoyer le formulaire une nouvelle fois.",
        go_back: "Retour",
        right: "Merci. Appuyez sur « Continuer » pour envoyer le formulaire.",
        no_script: "Cette vérification a besoin de JavaScript. Activez-le ou changez de navigateur, puis renvoyez le formulaire.",
    },
    dialog: Dialog {
        lang: "fr",
        title: "Êtes-vous une personne ?",
        image: "Veuillez saisir les caractères de l'image.",
        label: "Caractères",
        alt: "Caractères déformés. Si vous ne pouvez pas les lire, choisissez « Écouter ».",
        listen: "Écouter",
        another: "Une autre image",
        other_way: "Un autre moyen",
        cancel: "Annuler",
        go: "Continuer",
        retry: "Réessayer",
        wrong: "Ce n'est pas cela. Essayez avec cette image.",
        failed: "Cela n'a pas fonctionné. Veuillez réessayer.",
        too_many: "Trop de tentatives. Veuillez patienter une minute.",
        widget: "Veuillez effectuer cette vérification.",
        sms: "Veuillez envoyer ce mot par SMS au {to}.",
        sms_open: "Ouvrir les messages",
        sms_waiting: "En attente de votre message…",
    },
};

pub(super) const DE: Texts = Texts {
    page: Page {
        title: "Einen Moment, bitte",
        working: "Wir prüfen Ihren Browser, um Bots fernzuhalten. Das dauert ein paar Sekunden, Sie müssen nichts tun.",
        slow: "Es dauert länger als sonst. Bitte bleiben Sie auf dieser Seite.",
        done: "Fertig. Ihr Formular wird gesendet …",
        failed: "Das hat nicht geklappt. Bitte versuchen Sie es noch einmal.",
        retry: "Noch einmal versuchen",
        cookies: "Bitte erlauben Sie Cookies für diese Seite und versuchen Sie es noch einmal.",
        press: "Sie kommen von einer anderen Seite. Fahren Sie nur fort, wenn Sie dort ein Formular ausgefüllt haben und es senden möchten.",
        go: "Weiter",
        back: "Fertig. Bitte gehen Sie zurück und senden Sie das Formular noch einmal.",
        go_back: "Zurück",
        right: "Danke. Mit „Weiter“ senden Sie Ihr Formular.",
        no_script: "Diese Prüfung braucht JavaScript. Bitte schalten Sie es ein oder nehmen Sie einen anderen Browser und senden Sie das Formular noch einmal.",
    },
    dialog: Dialog {
        lang: "de",
        title: "Sind Sie ein Mensch?",
        image: "Bitte geben Sie die Zeichen aus dem Bild ein.",
        label: "Zeichen",
        alt: "Verzerrte Zeichen. Wenn Sie sie nicht lesen können, wählen Sie „Anhören“.",
        listen: "Anhören",
        another: "Anderes Bild",
        other_way: "Anderer Weg",
        cancel: "Abbrechen",
        go: "Weiter",
        retry: "Noch einmal versuchen",
        wrong: "Das war nicht richtig. Bitte versuchen Sie es mit diesem Bild.",
        failed: "Das hat nicht geklappt. Bitte versuchen Sie es noch einmal.",
        too_many: "Zu viele Versuche. Bitte warten Sie eine Minute.",
        widget: "Bitte bestätigen Sie diese Prüfung.",
        sms: "Bitte senden Sie dieses Wort als SMS an {to}.",
        sms_open: "Nachrichten öffnen",
        sms_waiting: "Wir warten auf Ihre Nachricht …",
    },
};
