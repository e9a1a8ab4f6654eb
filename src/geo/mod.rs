//! Address to place, from databases in MaxMind's format (several makers write it).
//!
//! Files are read into memory, and a changed file is swapped in by [`Geo::refresh`] while lookups go on.
//!
//! Must not know: requests, state, time.

mod database;
mod hosting;
mod record;
mod settings;

pub use database::{DatabaseKind, Error, Refreshed};
pub use settings::Settings;

use std::net::IpAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use serde::Deserialize;

use crate::domain::Place;
use database::{Bytes, Database};
use record::{AnonymousRecord, AsnRecord, CountryRecord};

/// The databases as they are now. Without any, every place is missing, which is a value and no error.
#[derive(Debug, Default)]
pub struct Geo {
    country: Option<Database>,
    asn: Option<Database>,
    anonymous: Option<Database>,
    lookup_errors: AtomicU64,
}

impl Geo {
    /// Reads every file that is set. One that can't be used leaves its facts missing until [`Geo::refresh`] finds it good.
    pub fn open(settings: &Settings) -> Self {
        let open =
            |(kind, path): (DatabaseKind, &Option<PathBuf>)| path.as_ref().map(|path| Database::open(kind, path));
        let [country, asn, anonymous] = settings.files().map(open);
        Self { country, asn, anonymous, lookup_errors: AtomicU64::new(0) }
    }

    /// Everything that keeps the files from being used.
    pub fn check(settings: &Settings) -> Vec<Error> {
        let files = settings.files().into_iter().filter_map(|(kind, path)| Some((kind, path.as_ref()?)));
        files.filter_map(|(kind, path)| Database::check(kind, path)).collect()
    }

    /// The databases that are set, and whether there is one to look into, be its file good or not by now.
    pub fn loaded(&self) -> impl Iterator<Item = (DatabaseKind, bool)> {
        self.databases().map(|database| (database.kind(), database.reader().is_some()))
    }

    /// Why files can't be used as they are now.
    pub fn faults(&self) -> Vec<String> {
        self.databases().filter_map(Database::fault).collect()
    }

    fn databases(&self) -> impl Iterator<Item = &Database> {
        [&self.country, &self.asn, &self.anonymous].into_iter().flatten()
    }

    /// Where `address` is. Without a database, or an entry in it, the parts are missing; so they are where a record is
    /// corrupt, and then [`Geo::lookup_errors`] counts it.
    pub fn place(&self, address: IpAddr) -> Place {
        let mut place = Place::default();
        if let Some(database) = &self.country
            && let Some(reader) = database.reader().as_deref()
        {
            let record: Option<CountryRecord<'_>> = self.record(reader, address);
            place.country = record.and_then(|record| record.country());
        }
        if let Some(database) = &self.asn
            && let Some(reader) = database.reader().as_deref()
        {
            let record: AsnRecord<'_> = self.record(reader, address).unwrap_or_default();
            place.asn = record.number();
            place.as_org = record.organization().map(Arc::from);
        }
        if let Some(database) = &self.anonymous
            && let Some(reader) = database.reader().as_deref()
        {
            let record: Option<AnonymousRecord<'_>> = self.record(reader, address);
            place.hosting = record.as_ref().map(AnonymousRecord::hosting);
            place.anonymous = record.as_ref().map(AnonymousRecord::anonymous);
        }
        // The list is short: an absence in it says nothing.
        if place.hosting.is_none() && place.asn.is_some_and(hosting::is_hosting) {
            place.hosting = Some(true);
        }
        place
    }

    /// Looks whether files have changed, by size and time of change, and swaps in those that have. A broken file is
    /// reported once, also one that was broken from the start, and the old database stays. To be called about once a
    /// second; costs one `stat` a file.
    pub fn refresh(&self) -> Vec<Refreshed> {
        self.databases().filter_map(Database::refresh).collect()
    }

    /// Lookups that failed on a corrupt record since the start.
    pub fn lookup_errors(&self) -> u64 {
        self.lookup_errors.load(Ordering::Relaxed)
    }

    fn record<'a, R: Deserialize<'a>>(&self, reader: &'a Bytes, address: IpAddr) -> Option<R> {
        if !database::holds(reader, address) {
            return None;
        }
        let record = reader.lookup(address).and_then(|found| found.decode());
        record.unwrap_or_else(|_corrupt| {
            self.lookup_errors.fetch_add(1, Ordering::Relaxed);
            None
        })
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;

    use maxminddb_writer::metadata::IpVersion;
    use maxminddb_writer::paths::IpAddrWithMask;
    use serde_json::{Value, json};

    use super::*;

    /// A directory of the test's own, gone with it.
    struct Scratch(PathBuf);

    impl Scratch {
        fn new(name: &str) -> Self {
            let path = std::env::temp_dir().join(format!("sendwall-geo-{}-{name}", std::process::id()));
            fs::create_dir_all(&path).unwrap();
            Self(path)
        }

        fn write(&self, name: &str, networks: &[(&str, Value)]) -> PathBuf {
            let path = self.0.join(name);
            fs::write(&path, bytes(IpVersion::V6, networks)).unwrap();
            path
        }
    }

    impl Drop for Scratch {
        fn drop(&mut self) {
            if let Err(error) = fs::remove_dir_all(&self.0) {
                eprintln!("{} stays: {error}", self.0.display());
            }
        }
    }

    /// A database; IPv4 networks stand at `::a.b.c.d` in a tree of IPv6.
    fn bytes(version: IpVersion, networks: &[(&str, Value)]) -> Vec<u8> {
        let mut database = maxminddb_writer::Database::default();
        database.metadata.ip_version = version;
        database.metadata.binary_format_major_version = 2;
        database.metadata.database_type = "Test".to_owned();
        database.metadata.build_epoch = 1_795_000_000;
        for (network, record) in networks {
            let data = database.insert_value(record).unwrap();
            database.insert_node(network.parse::<IpAddrWithMask>().unwrap(), data);
        }
        database.write_to(Vec::new()).unwrap()
    }

    fn with_country(path: &Path) -> Settings {
        Settings { country: Some(path.to_owned()), ..Settings::default() }
    }

    fn country(geo: &Geo, address: &str) -> Option<String> {
        geo.place(address.parse().unwrap()).country.map(|country| country.to_string())
    }

    #[test]
    fn without_databases_every_place_is_missing() {
        let geo = Geo::open(&Settings::default());
        assert_eq!(geo.place("192.0.2.1".parse().unwrap()), Place::default());
        assert!(geo.refresh().is_empty());
    }

    #[test]
    fn countries_are_read_in_the_spellings_of_several_makers() {
        let scratch = Scratch::new("spellings");
        let records = [
            (
                "2001:db8:1::/48",
                json!({"country": {"iso_code": "GB", "names": {"en": "x"}, "geoname_id": 7}}),
                Some("GB"),
            ),
            ("2001:db8:2::/48", json!({"registered_country": {"iso_code": "FR"}, "traits": {"a": [1]}}), Some("FR")),
            ("2001:db8:3::/48", json!({"country_code": "uz", "asn": "AS1"}), Some("UZ")),
            ("2001:db8:4::/48", json!({"country": "DE", "continent": "EU"}), Some("DE")),
            ("2001:db8:5::/48", json!({"country": "Germany", "country_code": "DE"}), Some("DE")),
            ("2001:db8:6::/48", json!({"country": 12, "registered_country": {"iso_code": "IT"}}), Some("IT")),
            ("2001:db8:7::/48", json!({"country": {"iso_code": "GBR"}, "country_code": ["x"]}), None),
            ("2001:db8:8::/48", json!({}), None),
            ("::c000:200/120", json!({"country": "NG"}), Some("NG")),
        ];
        let networks: Vec<_> = records.iter().map(|(network, record, _)| (*network, record.clone())).collect();
        let geo = Geo::open(&with_country(&scratch.write("country.mmdb", &networks)));
        assert_eq!(country(&geo, "192.0.2.9").as_deref(), Some("NG"), "IPv4 in a tree of IPv6");
        for (network, _, expected) in &records[..8] {
            assert_eq!(country(&geo, &network.replace("/48", "1")).as_deref(), *expected, "{network}");
        }
        assert_eq!(country(&geo, "2001:db8:9::1"), None, "no entry");
        assert_eq!(geo.lookup_errors(), 0);
    }

    #[test]
    fn systems_are_read_as_any_kind_of_number_or_text() {
        let scratch = Scratch::new("asn");
        let path = scratch.write(
            "asn.mmdb",
            &[
                (
                    "2001:db8:1::/48",
                    json!({"autonomous_system_number": 3320, "autonomous_system_organization": "DTAG"}),
                ),
                ("2001:db8:2::/48", json!({"asn": "AS24940", "as_name": "Hetzner"})),
                ("2001:db8:3::/48", json!({"asn": 4_200_000_000_u32, "name": "Big"})),
                ("2001:db8:4::/48", json!({"asn": "AS", "as_name": ""})),
                ("2001:db8:5::/48", json!({"asn": 1_u64 << 40})),
                ("2001:db8:6::/48", json!({"asn": -5})),
            ],
        );
        let geo = Geo::open(&Settings { asn: Some(path), ..Settings::default() });
        let place = |group: u8| geo.place(format!("2001:db8:{group}::1").parse().unwrap());
        assert_eq!((place(1).asn, place(1).as_org.as_deref(), place(1).hosting), (Some(3320), Some("DTAG"), None));
        assert_eq!(
            (place(2).asn, place(2).as_org.as_deref(), place(2).hosting),
            (Some(24940), Some("Hetzner"), Some(true))
        );
        assert_eq!(place(3).asn, Some(4_200_000_000));
        assert_eq!((place(4), place(5), place(6), place(7)), Default::default());
        assert_eq!(geo.lookup_errors(), 0);
    }

    #[test]
    fn systems_are_read_from_integers_of_any_width() {
        #[derive(serde::Serialize)]
        struct Record<N> {
            autonomous_system_number: N,
        }
        let scratch = Scratch::new("widths");
        let path = scratch.0.join("widths.mmdb");
        let mut database = maxminddb_writer::Database::default();
        database.metadata.binary_format_major_version = 2;
        let refs = [
            database.insert_value(Record { autonomous_system_number: 3320_u16 }),
            database.insert_value(Record { autonomous_system_number: 3320_u32 }),
            database.insert_value(Record { autonomous_system_number: 3320_u64 }),
            database.insert_value(Record { autonomous_system_number: 3320_i32 }),
        ];
        for (third, data) in refs.into_iter().enumerate() {
            database.insert_node(format!("192.0.{third}.0/24").parse::<IpAddrWithMask>().unwrap(), data.unwrap());
        }
        fs::write(&path, database.write_to(Vec::new()).unwrap()).unwrap();
        let geo = Geo::open(&Settings { asn: Some(path), ..Settings::default() });
        for third in 0..4 {
            assert_eq!(geo.place(format!("192.0.{third}.1").parse().unwrap()).asn, Some(3320), "{third}");
        }
    }

    #[test]
    fn anonymous_networks_are_told_from_plain_hosting() {
        let scratch = Scratch::new("anonymous");
        let path = scratch.write(
            "anonymous.mmdb",
            &[
                ("2001:db8:1::/48", json!({"is_anonymous": true, "is_hosting_provider": true})),
                ("2001:db8:2::/48", json!({"is_anonymous": true, "is_tor_exit_node": true})),
                ("2001:db8:3::/48", json!({"is_residential_proxy": true})),
                ("2001:db8:4::/48", json!({"is_anonymous": true})),
                ("2001:db8:5::/48", json!({"is_anonymous": false})),
            ],
        );
        let geo = Geo::open(&Settings { anonymous: Some(path), ..Settings::default() });
        let flags = |group: u8| {
            let place = geo.place(format!("2001:db8:{group}::1").parse().unwrap());
            (place.hosting, place.anonymous)
        };
        assert_eq!(flags(1), (Some(true), Some(false)));
        assert_eq!(flags(2), (Some(false), Some(true)));
        assert_eq!(flags(3), (Some(false), Some(true)));
        assert_eq!(flags(4), (Some(false), Some(true)));
        assert_eq!(flags(5), (Some(false), Some(false)));
        assert_eq!(flags(6), (None, None));
    }

    #[test]
    fn a_database_without_ipv6_has_no_entry_for_it() {
        let scratch = Scratch::new("v4");
        let path = scratch.0.join("v4.mmdb");
        fs::write(&path, bytes(IpVersion::V4, &[("192.0.2.0/24", json!({"country": "GB"}))])).unwrap();
        let geo = Geo::open(&with_country(&path));
        assert_eq!(country(&geo, "192.0.2.9").as_deref(), Some("GB"));
        assert_eq!(country(&geo, "2001:db8::1"), None);
        assert_eq!(geo.lookup_errors(), 0);
    }

    #[test]
    fn a_changed_file_is_swapped_in_and_a_broken_one_is_reported_once() {
        let scratch = Scratch::new("refresh");
        let path = scratch.write("country.mmdb", &[("2001:db8::/32", json!({"country": "GB"}))]);
        let geo = Geo::open(&with_country(&path));
        assert!(geo.refresh().is_empty(), "unchanged");

        fs::write(&path, "half a file").unwrap();
        let [broken] = &geo.refresh()[..] else { panic!("one file changed") };
        assert!(matches!(broken.result, Err(Error::Format { .. })), "{broken:?}");
        assert!(geo.refresh().is_empty(), "reported once");
        assert_eq!(country(&geo, "2001:db8::1").as_deref(), Some("GB"), "the old one stays");

        fs::remove_file(&path).unwrap();
        assert!(matches!(geo.refresh()[..], [Refreshed { result: Err(Error::Read { .. }), .. }]));
        assert!(geo.refresh().is_empty(), "reported once");

        scratch.write("country.mmdb", &[("2001:db8::/32", json!({"country": "UZ"}))]);
        let [good] = &geo.refresh()[..] else { panic!("one file changed") };
        assert_eq!((good.kind, good.result.as_ref().ok()), (DatabaseKind::Country, Some(&1_795_000_000)));
        assert_eq!(country(&geo, "2001:db8::1").as_deref(), Some("UZ"));
    }

    #[test]
    fn a_file_that_is_broken_from_the_start_is_reported_and_taken_in_once_it_is_good() {
        let scratch = Scratch::new("late");
        let path = scratch.0.join("country.mmdb");
        let geo = Geo::open(&with_country(&path));
        assert_eq!(country(&geo, "2001:db8::1"), None);
        assert!(matches!(geo.refresh()[..], [Refreshed { result: Err(Error::Read { .. }), .. }]));
        assert!(geo.refresh().is_empty(), "reported once");
        assert_eq!(geo.faults().len(), 1, "and remembered");

        scratch.write("country.mmdb", &[("2001:db8::/32", json!({"country": "GB"}))]);
        assert!(matches!(geo.refresh()[..], [Refreshed { result: Ok(_), .. }]));
        assert_eq!((country(&geo, "2001:db8::1").as_deref(), geo.faults().len()), (Some("GB"), 0));
    }

    #[test]
    fn check_names_every_file_that_is_wrong() {
        let scratch = Scratch::new("check");
        let text = scratch.0.join("readme.txt");
        fs::write(&text, "not a database").unwrap();
        let settings = Settings {
            country: Some(scratch.0.join("missing.mmdb")),
            asn: Some(text),
            anonymous: Some(scratch.write("good.mmdb", &[("2001:db8::/32", json!({"is_anonymous": true}))])),
        };
        let messages: Vec<_> = Geo::check(&settings).iter().map(ToString::to_string).collect();
        assert_eq!(messages.len(), 2, "{messages:?}");
        assert!(messages[0].contains("country database") && messages[0].contains("missing.mmdb"), "{messages:?}");
        assert!(messages[1].contains("asn database") && messages[1].contains("readme.txt"), "{messages:?}");
        let geo = Geo::open(&settings);
        assert_eq!(geo.faults(), messages);
        let loaded: Vec<_> = geo.loaded().map(|(kind, loaded)| (kind.name(), loaded)).collect();
        assert_eq!(loaded, [("country", false), ("asn", false), ("anonymous", true)]);
    }

    #[test]
    fn a_corrupt_record_is_a_missing_value_and_counted_and_never_a_panic() {
        let scratch = Scratch::new("corrupt");
        let path = scratch.0.join("corrupt.mmdb");
        let good =
            bytes(IpVersion::V6, &[("2001:db8::/32", json!({"country": {"iso_code": "GB", "names": {"en": "x"}}}))]);
        let address = "2001:db8::1".parse().unwrap();
        let mut errors = 0;
        for index in 0..good.len() {
            for flip in [0x01, 0x20, 0x80, 0xff] {
                let mut bad = good.clone();
                bad[index] ^= flip;
                fs::write(&path, bad).unwrap();
                let geo = Geo::open(&with_country(&path));
                let _place = geo.place(address);
                errors += geo.lookup_errors();
            }
        }
        assert!(errors > 0);
    }
}
