//! Autonomous systems of well-known hosting providers: where servers live and people do not.
//!
//! Only systems that hold nothing but servers. Cloudflare (13335) and Google (15169) are left out on purpose: people
//! come from them too, through private relays and proxies for saving data.

/// Ascending by number, for the search.
const HOSTING: &[(u32, &str)] = &[
    (7203, "Leaseweb USA"),
    (8075, "Microsoft Azure"),
    (8100, "QuadraNet"),
    (8560, "IONOS"),
    (9009, "M247"),
    (12876, "Scaleway"),
    (14061, "DigitalOcean"),
    (14618, "Amazon AWS"),
    (16276, "OVH"),
    (16509, "Amazon AWS"),
    (19318, "Interserver"),
    (20473, "Vultr"),
    (21859, "Zenlayer"),
    (24940, "Hetzner"),
    (26496, "GoDaddy"),
    (28753, "Leaseweb Germany"),
    (30633, "Leaseweb USA"),
    (31898, "Oracle Cloud"),
    (36351, "IBM Cloud"),
    (36352, "ColoCrossing"),
    (37963, "Alibaba Cloud"),
    (40021, "Contabo USA"),
    (40676, "Psychz"),
    (45090, "Tencent Cloud"),
    (45102, "Alibaba Cloud"),
    (47583, "Hostinger"),
    (49505, "Selectel"),
    (51167, "Contabo"),
    (53667, "FranTech"),
    (54290, "Hostwinds"),
    (55990, "Huawei Cloud"),
    (60068, "CDN77"),
    (60781, "Leaseweb Netherlands"),
    (62567, "DigitalOcean"),
    (63949, "Akamai Linode"),
    (132_203, "Tencent Cloud"),
    (136_907, "Huawei Cloud"),
    (199_524, "Gcore"),
    (200_350, "Yandex Cloud"),
    (202_053, "UpCloud"),
    (212_238, "Datacamp"),
    (213_230, "Hetzner"),
    (396_982, "Google Cloud"),
];

/// Whether this system belongs to a hosting provider of the list.
pub(super) fn is_hosting(asn: u32) -> bool {
    HOSTING.binary_search_by_key(&asn, |(number, _)| *number).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_is_in_order_and_names_no_system_of_people() {
        assert!(HOSTING.windows(2).all(|pair| pair[0].0 < pair[1].0));
        assert!(is_hosting(24940) && is_hosting(396_982));
        assert!(!is_hosting(3320) && !is_hosting(13335) && !is_hosting(0));
    }
}
