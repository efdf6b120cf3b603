//! Text files as tools see them: decoded to Unicode, and encoded back without touching what did not
//! change. It knows nothing of lines and edits.

use encoding_rs::{UTF_16BE, UTF_16LE, WINDOWS_1252};

/// Bytes that are looked at to tell text from other data.
const PROBE: usize = 8192;

/// How a file's bytes stand for text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Encoding {
    #[default]
    Utf8,
    Utf8Bom,
    /// With its byte-order mark, like the next.
    Utf16Le,
    Utf16Be,
    /// Whatever is no valid UTF-8: every byte is one character, so nothing is lost.
    Windows1252,
}

/// The text of a file.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Text {
    /// Without a byte-order mark.
    pub content: String,
    pub encoding: Encoding,
}

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TextError {
    #[error("is a binary file, not text")]
    Binary,
    #[error("is not valid {0}: it would not survive being written back")]
    Invalid(&'static str),
    #[error("is encoded as {encoding}, which has no `{character}`")]
    Unencodable { encoding: &'static str, character: char },
}

impl Text {
    /// Decodes a file's bytes. UTF-16 needs its byte-order mark; what is neither that nor UTF-8 is
    /// read as Windows-1252.
    pub fn decode(bytes: &[u8]) -> Result<Self, TextError> {
        if let Some(rest) = bytes.strip_prefix(b"\xff\xfe") {
            return decode_utf16(rest, Encoding::Utf16Le);
        }
        if let Some(rest) = bytes.strip_prefix(b"\xfe\xff") {
            return decode_utf16(rest, Encoding::Utf16Be);
        }
        if is_binary(bytes) {
            return Err(TextError::Binary);
        }
        let (rest, encoding) = match bytes.strip_prefix(b"\xef\xbb\xbf") {
            Some(rest) => (rest, Encoding::Utf8Bom),
            None => (bytes, Encoding::Utf8),
        };
        if let Ok(content) = std::str::from_utf8(rest) {
            return Ok(Self { content: content.to_owned(), encoding });
        }
        let (content, _) = WINDOWS_1252.decode_without_bom_handling(bytes);
        Ok(Self { content: content.into_owned(), encoding: Encoding::Windows1252 })
    }

    /// The bytes of `content` in the encoding of this text.
    pub fn encode(&self, content: &str) -> Result<Vec<u8>, TextError> {
        self.encoding.encode(content)
    }
}

impl Encoding {
    pub fn name(self) -> &'static str {
        match self {
            Self::Utf8 => "UTF-8",
            Self::Utf8Bom => "UTF-8 with byte-order mark",
            Self::Utf16Le => "UTF-16 LE",
            Self::Utf16Be => "UTF-16 BE",
            Self::Windows1252 => "Windows-1252",
        }
    }

    pub fn encode(self, content: &str) -> Result<Vec<u8>, TextError> {
        let utf16 = |mark: [u8; 2], bytes: fn(u16) -> [u8; 2]| {
            mark.into_iter().chain(content.encode_utf16().flat_map(bytes)).collect()
        };
        match self {
            Self::Utf8 => Ok(content.as_bytes().to_vec()),
            Self::Utf8Bom => Ok([b"\xef\xbb\xbf", content.as_bytes()].concat()),
            Self::Utf16Le => Ok(utf16([0xff, 0xfe], u16::to_le_bytes)),
            Self::Utf16Be => Ok(utf16([0xfe, 0xff], u16::to_be_bytes)),
            Self::Windows1252 => encode_windows_1252(content),
        }
    }
}

fn decode_utf16(bytes: &[u8], encoding: Encoding) -> Result<Text, TextError> {
    let decoder = if encoding == Encoding::Utf16Le { UTF_16LE } else { UTF_16BE };
    match decoder.decode_without_bom_handling_and_without_replacement(bytes) {
        Some(content) => Ok(Text { content: content.into_owned(), encoding }),
        None => Err(TextError::Invalid(encoding.name())),
    }
}

fn encode_windows_1252(content: &str) -> Result<Vec<u8>, TextError> {
    let (bytes, _, lossy) = WINDOWS_1252.encode(content);
    if !lossy {
        return Ok(bytes.into_owned());
    }
    let character = content
        .chars()
        .find(|c| WINDOWS_1252.encode(c.encode_utf8(&mut [0; 4])).2)
        .unwrap_or(char::REPLACEMENT_CHARACTER);
    Err(TextError::Unencodable { encoding: "Windows-1252", character })
}

/// A NUL says so, and so do many other control characters.
fn is_binary(bytes: &[u8]) -> bool {
    let probe = &bytes[..bytes.len().min(PROBE)];
    let odd = |b: &&u8| matches!(**b, 0x01..=0x06 | 0x0e..=0x1a | 0x1c..=0x1f);
    probe.contains(&0) || probe.iter().filter(odd).count() * 10 > probe.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_encoding_comes_back_byte_for_byte() {
        let every_byte: Vec<u8> = (0x20..=0xff).collect();
        let cases: [(&[u8], Encoding, &str); 6] = [
            ("größe\n".as_bytes(), Encoding::Utf8, "größe\n"),
            (b"\xef\xbb\xbfa\r\n", Encoding::Utf8Bom, "a\r\n"),
            (b"\xff\xfea\0\xe4\0", Encoding::Utf16Le, "aä"),
            (b"\xfe\xff\0a\xd8\x3d\xde\x00", Encoding::Utf16Be, "a😀"),
            (b"gr\xf6\xdfe \x80", Encoding::Windows1252, "größe €"),
            (b"", Encoding::Utf8, ""),
        ];
        for (bytes, encoding, content) in cases {
            let text = Text::decode(bytes).unwrap();
            assert_eq!((text.encoding, text.content.as_str()), (encoding, content));
            assert_eq!(text.encode(&text.content).unwrap(), bytes);
        }
        let text = Text::decode(&every_byte).unwrap();
        assert_eq!(text.encode(&text.content).unwrap(), every_byte);
    }

    #[test]
    fn what_is_not_text_is_refused() {
        assert_eq!(Text::decode(b"\x7fELF\0\0"), Err(TextError::Binary));
        assert_eq!(Text::decode(b"\x01\x02\x03\x04abc"), Err(TextError::Binary));
        assert_eq!(Text::decode(b"\xff\xfe\x00\xd8"), Err(TextError::Invalid("UTF-16 LE")));
        let latin = Text::decode(b"\xe4").unwrap();
        let error = latin.encode("ä→").unwrap_err();
        assert_eq!(error.to_string(), "is encoded as Windows-1252, which has no `→`");
    }
}
