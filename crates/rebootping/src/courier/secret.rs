//! Secrets, which lie in files and are shown to nobody.

use std::fs::{self, File};
use std::io::Read;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

/// Addresses, tokens and passwords are short.
const LONGEST_SECRET: u64 = 4096;
/// Those whom a file's mode lets read it though they are neither root nor of root's group.
const OTHERS: u32 = 0o007;

/// What a file holds, without the end of its line.
pub(super) fn secret(path: &Path, warnings: &mut Vec<String>) -> Result<String, String> {
    let unread = |error: std::io::Error| format!("{} cannot be read: {error}", path.display());
    let mode = fs::metadata(path).map_err(unread)?.mode();
    if mode & OTHERS != 0 {
        let path = path.display();
        warnings.push(format!("{path} holds a secret, and every user may read it; chmod 600 {path}"));
    }
    let mut text = String::new();
    File::open(path).map_err(unread)?.take(LONGEST_SECRET).read_to_string(&mut text).map_err(unread)?;
    let text = text.trim();
    if text.is_empty() || text.chars().any(char::is_control) {
        return Err(format!("{} does not hold one line of text", path.display()));
    }
    Ok(text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_one_line_of_a_file_that_others_should_not_read() {
        use std::os::unix::fs::PermissionsExt;
        let path = std::env::temp_dir().join(format!("rebootping-secret-{}", std::process::id()));
        let check = |text: &str, mode: u32| {
            fs::write(&path, text).expect("a file");
            fs::set_permissions(&path, fs::Permissions::from_mode(mode)).expect("a mode");
            let mut warnings = Vec::new();
            (secret(&path, &mut warnings), warnings.len())
        };
        assert_eq!(check("hunter2\n", 0o600), (Ok("hunter2".to_owned()), 0));
        assert_eq!(check("hunter2", 0o644), (Ok("hunter2".to_owned()), 1));
        assert!(check("", 0o600).0.is_err() && check("a\nb", 0o600).0.is_err());
        fs::remove_file(&path).expect("it is ours");
        assert!(
            secret(&path, &mut Vec::new()).is_err_and(|why| why.contains("cannot be read") && !why.contains("hunter2"))
        );
    }
}
