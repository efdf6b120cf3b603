//! Server-sent events: an incremental reader that takes bytes cut anywhere, and a writer. It knows
//! lines and fields, not what is in them.

/// One event.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Event {
    /// The `event:` field; empty when there was none.
    pub name: String,
    /// The `data:` lines, joined by newlines.
    pub data: String,
}

/// Reads events. Comments, `id:` and `retry:` are skipped; lines end with LF, CRLF or CR.
#[derive(Debug, Clone, Default)]
pub struct Parser {
    line: Vec<u8>,
    event: Event,
    has_data: bool,
    after_cr: bool,
    past_start: bool,
}

impl Parser {
    /// The events that these bytes complete.
    pub fn push(&mut self, bytes: &[u8]) -> Vec<Event> {
        let mut events = Vec::new();
        let mut rest = bytes;
        if std::mem::take(&mut self.after_cr) {
            match rest {
                [b'\n', tail @ ..] => rest = tail,
                [] => self.after_cr = true,
                _ => {}
            }
        }
        while let Some(at) = memchr::memchr2(b'\n', b'\r', rest) {
            self.line.extend_from_slice(&rest[..at]);
            events.extend(self.end_line());
            rest = match &rest[at..] {
                [b'\r', b'\n', tail @ ..] => tail,
                [b'\r'] => {
                    self.after_cr = true;
                    &[]
                }
                tail => &tail[1..],
            };
        }
        self.line.extend_from_slice(rest);
        events
    }

    /// The event that was open when the bytes ended: servers are known to leave out the last blank
    /// line.
    pub fn finish(&mut self) -> Option<Event> {
        let whole = if self.line.is_empty() { None } else { self.end_line() };
        whole.or_else(|| self.dispatch())
    }

    fn end_line(&mut self) -> Option<Event> {
        let bytes = std::mem::take(&mut self.line);
        let text = String::from_utf8_lossy(&bytes);
        let mut line = text.as_ref();
        if !std::mem::replace(&mut self.past_start, true) {
            line = line.strip_prefix('\u{feff}').unwrap_or(line);
        }
        if line.is_empty() {
            return self.dispatch();
        }
        let (field, value) = line.split_once(':').unwrap_or((line, ""));
        let value = value.strip_prefix(' ').unwrap_or(value);
        match field {
            "data" => {
                if std::mem::replace(&mut self.has_data, true) {
                    self.event.data.push('\n');
                }
                self.event.data.push_str(value);
            }
            "event" => value.clone_into(&mut self.event.name),
            _ => {}
        }
        None
    }

    fn dispatch(&mut self) -> Option<Event> {
        let event = std::mem::take(&mut self.event);
        std::mem::take(&mut self.has_data).then_some(event)
    }
}

/// An event as bytes; without a name where it is empty. `data` may hold newlines.
pub fn write(name: &str, data: &str) -> Vec<u8> {
    let mut out = String::with_capacity(name.len() + data.len() + 20);
    if !name.is_empty() {
        out.push_str("event: ");
        out.push_str(name);
        out.push('\n');
    }
    for line in data.split('\n') {
        out.push_str("data: ");
        out.push_str(line);
        out.push('\n');
    }
    out.push('\n');
    out.into_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(name: &str, data: &str) -> Event {
        Event { name: name.into(), data: data.into() }
    }

    const STREAM: &str = "\u{feff}: hello\r\nevent: a\r\ndata: {\"x\":\r\ndata:  1}\r\nid: 7\r\n\r\n\
                          data\n\nevent: none\n\ndata: grüß\r\rdata: [DONE]";

    #[test]
    fn bytes_may_be_cut_anywhere() {
        let bytes = STREAM.as_bytes();
        let wanted = [event("a", "{\"x\":\n 1}"), event("", ""), event("", "grüß"), event("", "[DONE]")];
        for cut in 0..=bytes.len() {
            let mut parser = Parser::default();
            let mut events = parser.push(&bytes[..cut]);
            events.extend(parser.push(&bytes[cut..]));
            events.extend(parser.finish());
            assert_eq!(events, wanted, "cut at {cut}");
        }
        let mut parser = Parser::default();
        let mut events: Vec<_> = bytes.iter().flat_map(|byte| parser.push(&[*byte])).collect();
        events.extend(parser.finish());
        assert_eq!(events, wanted);
    }

    #[test]
    fn what_is_written_is_read_back() {
        let mut parser = Parser::default();
        let bytes = [write("x", "a\nb"), write("", "c")].concat();
        assert_eq!(parser.push(&bytes), [event("x", "a\nb"), event("", "c")]);
        assert_eq!(parser.finish(), None);
    }
}
