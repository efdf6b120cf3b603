//! What the user types, read on a thread of its own: nothing that the program does can hold up or lose
//! a key. The thread sleeps until something arrives, and steps aside while another program has the
//! terminal.

use std::io::{self, Read, Write};
use std::os::fd::{AsFd, OwnedFd};
use std::sync::mpsc as blocking;
use std::thread::JoinHandle;
use std::time::Duration;

use crossterm::event::{self, Event};
use rustix::event::{PollFd, PollFlags, poll};
use tokio::sync::mpsc;

/// Events that may wait; the thread waits when they are more, and the terminal keeps the keys.
const WAITING: usize = 1024;

/// How long the thread may take to step aside.
const PATIENCE: Duration = Duration::from_millis(300);

/// Long enough for the rest of a sequence that arrives in pieces, and short enough to step aside.
const SHORT: Duration = Duration::from_millis(10);

/// So many looks in a row must find nothing.
const LOOKS: usize = 3;

/// What comes of the terminal.
#[derive(Debug)]
pub enum Input {
    Event(Event),
    /// The terminal is gone.
    HungUp,
}

/// Where the events arrive, and the reins of the thread.
pub struct Inputs {
    events: mpsc::Receiver<Input>,
    reins: io::PipeWriter,
    paused: blocking::Receiver<()>,
    thread: Option<JoinHandle<()>>,
}

#[derive(Clone, Copy)]
enum Rein {
    Pause = 1,
    Resume = 2,
    Stop = 3,
}

impl Inputs {
    pub fn start() -> io::Result<Self> {
        let (sender, events) = mpsc::channel(WAITING);
        let (wake, reins) = io::pipe()?;
        let (acknowledge, paused) = blocking::sync_channel(1);
        let tty = io::stdin().as_fd().try_clone_to_owned()?;
        let reader = Reader { tty, wake, acknowledge, sender };
        let thread = std::thread::Builder::new().name("input".to_owned()).spawn(move || reader.run())?;
        Ok(Self { events, reins, paused, thread: Some(thread) })
    }

    /// The next event. Safe to cancel.
    pub async fn next(&mut self) -> Input {
        self.events.recv().await.unwrap_or(Input::HungUp)
    }

    /// An event that is there already.
    pub fn ready(&mut self) -> Option<Input> {
        self.events.try_recv().ok()
    }

    /// Leaves the terminal alone until [`Inputs::resume`].
    pub fn pause(&mut self) {
        if self.tell(Rein::Pause) {
            // A thread that stands in the middle of a sequence will not read on before it gets the rest.
            let _ = self.paused.recv_timeout(PATIENCE);
        }
    }

    pub fn resume(&mut self) {
        self.tell(Rein::Resume);
    }

    fn tell(&mut self, rein: Rein) -> bool {
        self.reins.write_all(&[rein as u8]).is_ok()
    }
}

impl Drop for Inputs {
    fn drop(&mut self) {
        self.tell(Rein::Stop);
        // The thread may wait for room.
        self.events.close();
        while self.events.try_recv().is_ok() {}
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

struct Reader {
    tty: OwnedFd,
    wake: io::PipeReader,
    acknowledge: blocking::SyncSender<()>,
    sender: mpsc::Sender<Input>,
}

impl Reader {
    fn run(mut self) {
        loop {
            let mut ready = [PollFd::new(&self.tty, PollFlags::IN), PollFd::new(&self.wake, PollFlags::IN)];
            match poll(&mut ready, None) {
                Ok(_) => {}
                Err(rustix::io::Errno::INTR) => continue,
                Err(_) => return self.hang_up(),
            }
            let (tty, wake) = (ready[0].revents(), ready[1].revents());
            if !wake.is_empty() && !self.obey() {
                return;
            }
            if tty.intersects(PollFlags::HUP | PollFlags::ERR | PollFlags::NVAL) {
                return self.hang_up();
            }
            if tty.contains(PollFlags::IN) && !self.read() {
                return;
            }
        }
    }

    /// `false` when the thread is to end.
    fn obey(&mut self) -> bool {
        loop {
            let mut byte = [0];
            if self.wake.read_exact(&mut byte).is_err() || byte[0] == Rein::Stop as u8 {
                return false;
            }
            if byte[0] == Rein::Resume as u8 {
                return true;
            }
            if self.acknowledge.send(()).is_err() {
                return false;
            }
        }
    }

    /// Hands on everything that is there. `false` when nobody wants it or nothing can come any more.
    fn read(&self) -> bool {
        // A look whose time is over before it begins, because the machine is busy, finds nothing even where
        // keys are that were read with others: those would wait for the next key.
        let mut empty = 0;
        while let Ok(is_there) = event::poll(SHORT) {
            empty = if is_there { 0 } else { empty + 1 };
            if empty == LOOKS {
                return true;
            }
            if !is_there {
                continue;
            }
            let Ok(event) = event::read() else { break };
            if self.sender.blocking_send(Input::Event(event)).is_err() {
                return false;
            }
        }
        self.hang_up();
        false
    }

    fn hang_up(&self) {
        let _ = self.sender.blocking_send(Input::HungUp);
    }
}
