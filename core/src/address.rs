//! Addresses as everybody may read them.

use std::borrow::Cow;

/// An address without what is often a secret: its user and password, its query and its fragment. `?…` or `#…` says that there was
/// one. A text without `://` is no address, and stays as it is.
///
/// A receipt's target is not hashed, and no chain forgets it.
pub fn open_address(text: &str) -> Cow<'_, str> {
    let Some((scheme, rest)) = text.split_once("://") else { return text.into() };
    let cut = rest.find(['?', '#']);
    let (place, sign) =
        cut.map_or((rest, ""), |at| (&rest[..at], if rest[at..].starts_with('?') { "?…" } else { "#…" }));
    let (authority, path) = place.find('/').map_or((place, ""), |at| place.split_at(at));
    let host = authority.rsplit('@').next().unwrap_or_default();
    if cut.is_none() && host == authority {
        return text.into();
    }
    format!("{scheme}://{host}{path}{sign}").into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_may_be_a_secret_goes_and_the_rest_stays() {
        for (address, open) in [
            ("https://h.example/a/b", "https://h.example/a/b"),
            ("https://me:s3cret@h.example:8443/a@b?token=s3cret#x", "https://h.example:8443/a@b?…"),
            ("https://h.example#access_token=s3cret", "https://h.example#…"),
            ("db://a@b@h.example", "db://h.example"),
            ("file:///home/me/x?y", "file:///home/me/x?…"),
            ("/home/me/what?", "/home/me/what?"),
            ("u:page", "u:page"),
            ("", ""),
            ("://", "://"),
        ] {
            assert_eq!(open_address(address), open, "{address}");
        }
    }
}
