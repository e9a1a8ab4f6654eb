//! The words of `names`, as data: how people and programs in many countries call a phone and its country.
//! Each list is sorted; rows are filled, so that a list is seen at a glance.

/// Names of a calling code, their words joined.
#[rustfmt::skip]
pub(super) const DIAL: &[&str] = &[
    "acode", "area", "areacode", "callcode", "callingcode", "callingcountrycode", "callingprefix", "callprefix",
    "cc", "ccode", "clavelada", "cntrycode", "codepays", "codigodearea", "codigointernacional", "codigopais",
    "codpais", "contrycode", "countrycallingcode", "countrycode", "countrydial", "countrydialcode",
    "countrydialingcode", "countryno", "countrynum", "countrynumber", "countryphonecode", "countryprefix",
    "ctrycode", "cty", "ctycode", "ddd", "ddi", "ddicode", "ddipais", "dial", "dialcode", "dialcountry",
    "dialingcode", "dialprefix", "gjdh", "guojiacode", "guojiama", "guojiaqh", "guojihao", "guojiquhao", "idd",
    "iddcode", "indicatif", "indicativo", "intcode", "intercode", "internationalcode", "internationalprefix",
    "intl", "intlcode", "intlprefix", "isd", "isdcode", "isdno", "kodkraju", "kodnegara", "kodstrany", "lada",
    "laendervorwahl", "landcode", "landnummer", "landskod", "landsnummer", "maakoodi", "mobileisd", "mobilezone",
    "nationalcode", "nationalitycode", "nationcode", "paiscodigo", "paisddi", "pcc", "phoneddi", "phoneisd",
    "phonezone", "prefijo", "prefijointernacional", "prefisso", "prefix", "prefixcode", "prefixo", "qh", "quhao",
    "regioncode", "statecode", "std", "suuntanumero", "tcc", "telefonkodu", "ulkekod", "ulkekodu", "vorwahl",
    "zone", "zonecode",
];

/// Names of a country, their words joined.
#[rustfmt::skip]
pub(super) const COUNTRY: &[&str] = &[
    "alpha2", "country", "country2", "countryabbr", "countrycodealpha2", "countrycodeiso", "countryid",
    "countryiso", "countryiso2", "countryiso3", "countryisocode", "countrykey", "countryname", "countryshort",
    "ctry", "defaultcountry", "defaultregion", "guojia", "iso", "iso2", "iso2code", "iso3", "isocode",
    "isocountrycode", "kraj", "land", "market", "nation", "nationality", "negara", "paese", "pais", "pays",
    "phoneregion", "quocgia", "region", "regionid", "regioniso", "strana", "ulke",
];

/// Names of what is often a phone and often something else, their words joined.
#[rustfmt::skip]
pub(super) const WEAK: &[&str] = &[
    "acc", "account", "accountid", "accountname", "accountno", "acct", "address", "alias", "authkey", "benutzer",
    "benutzerkennung", "benutzername", "called", "callee", "conta", "contact", "contactinfo", "contactno",
    "contactnumber", "contacts", "credential", "credentialvalue", "cuenta", "customer", "customerid", "dest",
    "destaddr", "destination", "destinationaddress", "destinationnumber", "destinations", "destnumber", "dlm",
    "email", "emailaddress", "emailmobile", "emailormobile", "emailorphone", "factor", "handle", "identificator",
    "identifier", "identifiervalue", "identity", "input", "kullanici", "kullaniciadi", "login", "loginaccount",
    "logindata", "loginid", "loginidentifier", "loginkey", "loginname", "loginuser", "loginvalue", "logon",
    "logonid", "logonname", "mail", "mailormobile", "mailorphone", "mailphone", "member", "memberid",
    "mobileoremail", "namapengguna", "nick", "nick_name", "no", "nomor", "num", "number", "numbers", "otpto",
    "params", "passport", "phoneoremail", "principal", "query_user", "receiver", "receivernumber", "receivers",
    "recipient", "recipientaddress", "recipientnumber", "recipients", "sendnumber", "sendto", "signinname", "sms",
    "smsnumber", "smsto", "subscriber", "target", "targets", "to", "tonumber", "uid", "uname", "user",
    "useraccount", "useraccountname", "usercode", "useremail", "userid", "useridentifier", "userinput",
    "userlogin", "username", "usernm", "userno", "usernumber", "usr", "usuario", "utilisateur", "val", "value",
    "who", "yonghuming", "zh", "zhanghao",
];

/// Names of a phone that are no words by themselves, or whose words mean other things apart, joined.
#[rustfmt::skip]
pub(super) const PHONE: &[&str] = &[
    "abonent", "cel", "cellno", "cellulare", "cep", "ceptel", "ceptelefonu", "cislo", "ctn", "dh", "dhhm",
    "didong", "dienthoai", "dtdd", "fon", "fone", "fonno", "fono", "gsmno", "gsmnumarasi", "gsmnumber", "hamraah",
    "hamrah", "handphone", "handynr", "hatif", "hp", "hpno", "hpnumber", "jawaal", "jawal", "jawwal", "kinhto",
    "kinito", "lianxidianhua", "lxdh", "lxfangshi", "lxfs", "mdn", "mno", "mob", "mobi", "mobileno", "mobilenr",
    "mobno", "mphone", "mphoneno", "mtel", "natel", "nohandphone", "nohp", "nomer", "nomertel", "nomertelefona",
    "nomorhandphone", "nomorhp", "nomorponsel", "nomortelepon", "nomortelp", "nomortlp", "nomorwa", "noponsel",
    "notelepon", "notelp", "notelpon", "notlp", "nowa", "nrtel", "nrtelefon", "nrtelefonu", "numero", "numerotel",
    "numtel", "numtelefono", "ph", "phn", "phno", "phnum", "phonecall", "phoneno", "phonr", "phonum", "pno",
    "ponsel", "raqam", "sdt", "shomare", "shomareh", "shomaretamas", "shoujih", "sjh", "sjhao", "sjhaoma", "sjhm",
    "smsphone", "sodidong", "sodienthoai", "sodt", "tamas", "telefonno", "telhamrah", "telnomer", "telnumero",
    "telp", "telraqam", "tilefono", "tlf", "tlfn", "tlfno", "tlp", "tlph", "tlpn", "wa", "wano", "wanumber",
    "waphone", "whatsapp", "whatsappnumber", "yddh",
];

/// Words before `number` or `account` that make it anything but a phone.
#[rustfmt::skip]
pub(super) const OTHER_NUMBERS: &[&str] = &[
    "aadhaar", "aadhar", "application", "awb", "bank", "batch", "bill", "booking", "building", "card", "case",
    "cedula", "check", "cheque", "civil", "cnpj", "contract", "coupon", "cpf", "device", "dni", "doc", "document",
    "driver", "ein", "emirates", "employee", "family", "flat", "gift", "gst", "health", "house", "iban", "ic",
    "id", "identity", "imei", "insurance", "invoice", "ip", "item", "licence", "license", "lot", "loyalty",
    "medicare", "membership", "meter", "model", "national", "nid", "nik", "order", "page", "pan", "parcel",
    "passaporte", "passport", "permit", "plate", "pnr", "policy", "port", "postal", "receipt", "reference",
    "registration", "residence", "reward", "room", "routing", "rut", "seat", "serial", "shipment", "sim", "social",
    "ssn", "street", "student", "swift", "tax", "ticket", "tin", "tracking", "transaction", "vat", "vehicle",
    "version", "visa", "voter", "voucher", "waybill",
];

/// Words behind a phone's name that leave it one: `phone_number`, `mobileFormatted`, `tel_nummer`.
#[rustfmt::skip]
pub(super) const BEHIND_PHONE: &[&str] = &[
    "0", "1", "2", "3", "4", "account", "addr", "address", "box", "canonical", "celular", "cislo", "clean",
    "client", "complete", "confirm", "confirmation", "confirmed", "contact", "current", "customer", "digits",
    "display", "e164", "edit", "entered", "entry", "field", "for", "form", "formatted", "full", "hao", "haoma",
    "hidden", "hm", "home", "input", "international", "intl", "komorkowy", "list", "local", "login", "main", "me",
    "movil", "n", "national", "nbr", "new", "no", "nomer", "nomor", "normalized", "nr", "nro", "num", "numara",
    "numarasi", "numarası", "numarul", "number", "numbers", "numer", "numeri", "numero", "nummer", "nums",
    "número", "otp", "param", "personal", "plain", "primary", "query", "raqam", "raw", "receiver", "reg",
    "register", "repeat", "signup", "sms", "str", "string", "szam", "szám", "text", "to", "txt", "unformatted",
    "user", "val", "value", "whatsapp", "work", "číslo", "номер",
];

/// Segments of a path after which the number may stand to which a code is sent.
#[rustfmt::skip]
pub(super) const SENDING: &[&str] = &[
    "call", "check", "code", "codes", "login", "otp", "otps", "send", "send-code", "send-otp", "send-sms", "send_code",
    "send_otp", "send_sms", "sendcode", "sendotp", "sendsms", "sms", "verification", "verify",
];

/// Words that mean a phone wherever they stand in a name.
#[rustfmt::skip]
pub(super) const PHONE_WORDS: &[&str] = &[
    "cel", "cell", "cellno", "cellnum", "cellnumber", "cellphone", "cellphoneno", "cellphonenumber", "cellular",
    "cellulare", "celular", "celulares", "dianhua", "fone", "gsm", "gsmnr", "handphone", "handy", "handynr",
    "handynumber", "handynummer", "hp", "kinhto", "kinito", "komorka", "komorkowy", "komórka", "loginphone",
    "matkapuhelin", "mob", "mobie", "mobiel", "mobielnummer", "mobil", "mobile", "mobileno", "mobilenr",
    "mobilenum", "mobilenumber", "mobilephone", "mobilephoneno", "mobilephonenumber", "mobiles", "mobilni",
    "mobilnr", "mobilnumer", "mobilnummer", "mobilní", "mobilszam", "mobilszám", "mobiltelefon", "mobilusis",
    "mobitel", "moble", "moblie", "mobphone", "movil", "moviles", "msisdn", "msisdns", "móvil", "móviles", "nohp",
    "nomer", "numero", "número", "phne", "phno", "phon", "phone", "phoneno", "phonenr", "phonenum", "phonenumber",
    "phonenumbers", "phonenumer", "phones", "pnone", "portable", "puhelin", "puhelinnro", "puhelinnumero",
    "rufnummer", "shomaremobile", "shouji", "shoujihao", "shoujihaoma", "sjh", "smartphone", "sotovyi", "sotovyj",
    "tel", "tele", "telefon", "telefonas", "telefone", "telefoni", "telefonický", "telefonino", "telefonkomorkowy",
    "telefonni", "telefonnr", "telefonnumer", "telefonnummer", "telefonnummern", "telefonní", "telefono",
    "telefons", "telefonszam", "telefonszám", "telefonu", "telefony", "telefonzahl", "telefoon", "telefoonnummer",
    "telemovel", "telemóvel", "telephone", "telephoneno", "telephonenum", "telephonenumber", "telephones",
    "telepon", "telepone", "telno", "telnr", "telnum", "telnumber", "telp", "telphone", "tels", "teléfono",
    "teléfonos", "tlf", "téléphone", "usermobile", "userphone", "usertel", "whatsapp", "điệnthoại", "κινητο",
    "κινητό", "τηλέφωνο", "τηλεφωνο", "номер", "телефон", "טלפון", "تلفن", "جوال", "شماره", "موبایل", "هاتف",
    "मोबाइल", "โทรศัพท", "手机", "手机号", "手机号码", "手機", "手機號碼", "携帯", "携帯電話", "电话", "电话号码", "電話", "電話番号", "전화번호",
    "핸드폰", "휴대폰",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_are_sorted_as_their_search_needs() {
        for list in [DIAL, COUNTRY, WEAK, PHONE, PHONE_WORDS, OTHER_NUMBERS, BEHIND_PHONE, SENDING] {
            assert!(list.is_sorted(), "{list:?}");
        }
    }
}
