//! The user's terminal: taken over, painted, given back whatever happens. Knows nothing of what is shown.

mod frames;
mod input;
mod modes;
mod out;

use std::io::{self, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use ratatui::Frame;
use ratatui::layout::Rect;

use frames::Frames;
pub use input::{Input, Inputs};
pub use modes::Wants;
pub use out::Notice;

/// The terminal while it is ours. Dropping it gives it back.
pub struct Terminal {
    inner: ratatui::Terminal<Frames>,
    wants: Wants,
    is_ours: Arc<AtomicBool>,
}

impl Terminal {
    /// Takes the terminal over. From here on a panic gives it back before it is reported.
    pub fn enter(wants: Wants) -> io::Result<Self> {
        let is_ours = Arc::new(AtomicBool::new(false));
        give_back_on_panic(Arc::clone(&is_ours));
        is_ours.store(true, Ordering::SeqCst);
        let entered = modes::enter(wants).and_then(|()| ratatui::Terminal::new(Frames::new()));
        match entered {
            Ok(inner) => Ok(Self { inner, wants, is_ours }),
            Err(error) => {
                modes::leave();
                Err(error)
            }
        }
    }

    pub fn draw(&mut self, paint: impl FnOnce(&mut Frame)) -> io::Result<()> {
        self.inner.draw(paint).map(|_| ())
    }

    /// The next frame is painted whole.
    pub fn forget(&mut self) -> io::Result<()> {
        let (width, height) = self.size()?;
        self.inner.backend_mut().forget();
        // A clear would flicker; an old buffer that matches nothing does not.
        self.inner.resize(Rect::new(0, 0, width, height))
    }

    /// Columns and rows.
    pub fn size(&self) -> io::Result<(u16, u16)> {
        frames::size()
    }

    pub fn set_mouse(&mut self, on: bool) -> io::Result<()> {
        self.wants.mouse = on;
        modes::set_mouse(on)
    }

    /// The terminal is ours again.
    pub fn take_back(&mut self) -> io::Result<()> {
        self.is_ours.store(true, Ordering::SeqCst);
        modes::enter(self.wants)?;
        self.forget()
    }

    /// Stops this process, as a shell's `Ctrl-Z` does; returns when the user continues it.
    pub fn suspend(&mut self) -> io::Result<()> {
        self.leave();
        // The whole group, so that the shell sees its job stop.
        let _ = rustix::process::kill_current_process_group(rustix::process::Signal::TSTP);
        self.take_back()
    }

    /// Puts text on the user's clipboard, as far as the terminal lets programs do that.
    pub fn copy(&mut self, text: &str) -> io::Result<()> {
        out::copy(self.inner.backend_mut(), text)
    }

    pub fn notify(&mut self, notice: &Notice) -> io::Result<()> {
        out::notify(self.inner.backend_mut(), notice)
    }

    pub fn set_title(&mut self, title: &str) -> io::Result<()> {
        out::set_title(self.inner.backend_mut(), title)
    }

    /// Gives the terminal to somebody else, until [`Terminal::take_back`].
    pub fn leave(&mut self) {
        if self.is_ours.swap(false, Ordering::SeqCst) {
            let _ = self.inner.backend_mut().flush();
            modes::leave();
        }
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        self.leave();
    }
}

/// A message of a panic must not be swallowed by the alternate screen. Another thread's ends a task and not
/// the program: the screen goes on and tells of it, and the message goes to the log.
fn give_back_on_panic(is_ours: Arc<AtomicBool>) {
    let report = std::panic::take_hook();
    let painter = std::thread::current().id();
    std::panic::set_hook(Box::new(move |panic| {
        if std::thread::current().id() != painter && is_ours.load(Ordering::SeqCst) {
            tracing::error!(%panic, "a task died");
            return;
        }
        if is_ours.swap(false, Ordering::SeqCst) {
            modes::leave();
        }
        report(panic);
    }));
}
