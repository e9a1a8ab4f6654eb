//! The words of `names`, as data: how people and programs in many countries call a phone and its country.
//! Each list is sorted; rows are filled, so that a list is seen at a glance.

/// Names of a calling code, their words joined.
#[rustfmt::skip]
pub(super) const DIAL: &[&str] = &[
    "acode", "area", "areacode", "callcode", "callingcode", "callingcountrycode", "cc", "ccode", "cntrycode",
    "codepays", "codigopais", "codpais", "contrycode", "countrycallingcode", "countrycode", "countrydialcode",
    "countrydialingcode", "countryno", "countrynum", "countrynumber", "countryphonecode", "countryprefix",
    "ctrycode", "cty", "ctycode", "ddd", "ddi", "ddicode", "ddipais", "dial", "dialcode", "dialcountry",
    "dialingcode", "guojiacode", "guojiama", "guojiaqh", "idd", "iddcode", "indicatif", "intcode", "intercode",
    "internationalcode", "internationalprefix", "intl", "intlcode", "intlprefix", "isd", "isdcode", "kodkraju",
    "kodnegara", "laendervorwahl", "landcode", "landskod", "nationalcode", "nationalitycode", "nationcode",
    "paiscodigo", "pcc", "prefijo", "prefix", "prefixo", "qh", "quhao", "regioncode", "statecode", "std", "tcc",
    "vorwahl", "zone", "zonecode",
];

/// Names of a country, their words joined.
#[rustfmt::skip]
pub(super) const COUNTRY: &[&str] = &[
    "alpha2", "country", "country2", "countryabbr", "countrycodealpha2", "countrycodeiso", "countryid",
    "countryiso", "countryiso2", "countryisocode", "countryname", "countryshort", "ctry", "defaultcountry",
    "defaultregion", "guojia", "iso", "iso2", "iso2code", "isocode", "isocountrycode", "land", "market", "nation",
    "nationality", "negara", "pais", "pays", "region", "regionid",
];

/// Names of what is often a phone and often something else, their words joined.
#[rustfmt::skip]
pub(super) const WEAK: &[&str] = &[
    "acc", "account", "accountid", "accountname", "accountno", "acct", "address", "alias", "authkey", "benutzer",
    "benutzername", "called", "callee", "contact", "contactinfo", "contactno", "contactnumber", "contacts",
    "credential", "customer", "customerid", "dest", "destaddr", "destination", "destinationaddress",
    "destinationnumber", "destinations", "destnumber", "emailorphone", "factor", "handle", "identifier", "identity",
    "login", "loginaccount", "loginid", "loginkey", "loginname", "loginuser", "member", "memberid", "nick",
    "nick_name", "no", "nomor", "num", "number", "numbers", "otpto", "params", "passport", "phoneoremail",
    "principal", "query_user", "receiver", "receivernumber", "receivers", "recipient", "recipients", "sendnumber",
    "sendto", "sms", "smsnumber", "smsto", "subscriber", "target", "targets", "to", "tonumber", "uid", "uname",
    "user", "useraccount", "useraccountname", "userid", "userinput", "userlogin", "username", "userno",
    "usernumber", "usr", "usuario", "utilisateur", "val", "value", "who", "yonghuming", "zhanghao",
];

/// Names of a phone that are no words by themselves, or whose words mean other things apart, joined.
#[rustfmt::skip]
pub(super) const PHONE: &[&str] = &[
    "abonent", "cel", "cellno", "cep", "ceptel", "ceptelefonu", "ctn", "dh", "dhhm", "dienthoai", "fon", "fone",
    "fono", "gsmno", "handphone", "hp", "lxdh", "lxfs", "mdn", "mno", "mob", "mobno", "mphone", "mphoneno", "mtel",
    "nohandphone", "nohp", "nomer", "nomertelefona", "nomorhandphone", "nomorhp", "nomortelepon", "nomorwa",
    "notelepon", "notelp", "nowa", "numero", "numerotel", "ph", "phn", "phno", "phonecall", "pno", "sdt", "sjh",
    "sjhao", "sjhm", "sodienthoai", "sodt", "telefonno", "telp", "tlf", "tlfno", "wa", "whatsapp", "whatsappnumber",
    "yddh",
];

/// Words before `number` or `account` that make it anything but a phone.
#[rustfmt::skip]
pub(super) const OTHER_NUMBERS: &[&str] = &[
    "application", "bank", "bill", "building", "card", "case", "doc", "document", "flat", "house", "iban", "id",
    "identity", "invoice", "item", "license", "model", "national", "order", "page", "passport", "policy", "postal",
    "reference", "room", "seat", "serial", "social", "ssn", "street", "tax", "ticket", "tracking", "transaction",
    "vat", "vehicle", "version",
];

/// Words that mean a phone wherever they stand in a name.
#[rustfmt::skip]
pub(super) const PHONE_WORDS: &[&str] = &[
    "cel", "cell", "cellphone", "cellular", "celular", "dianhua", "fone", "gsm", "handphone", "handy", "handynr",
    "handynummer", "hp", "komorka", "loginphone", "mob", "mobie", "mobiel", "mobil", "mobile", "mobileno",
    "mobilenum", "mobilenumber", "mobilephone", "mobiles", "mobilnummer", "mobiltelefon", "moble", "moblie",
    "mobphone", "movil", "msisdn", "msisdns", "móvil", "nohp", "numero", "número", "phne", "phon", "phone",
    "phoneno", "phonenr", "phonenum", "phonenumber", "phonenumbers", "phones", "pnone", "portable", "puhelin",
    "puhelinnumero", "rufnummer", "shouji", "shoujihao", "shoujihaoma", "sjh", "smartphone", "tel", "tele",
    "telefon", "telefone", "telefonnummer", "telefono", "telefonu", "telefonzahl", "telefoon", "telefoonnummer",
    "telemovel", "telemóvel", "telephone", "telephones", "telepon", "telepone", "telno", "telnum", "telnumber",
    "telp", "telphone", "tels", "teléfono", "tlf", "téléphone", "usermobile", "userphone", "usertel", "whatsapp",
    "номер", "телефон", "手机", "手机号", "手机号码", "电话", "电话号码",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_are_sorted_as_their_search_needs() {
        for list in [DIAL, COUNTRY, WEAK, PHONE, PHONE_WORDS, OTHER_NUMBERS] {
            assert!(list.is_sorted(), "{list:?}");
        }
    }
}
