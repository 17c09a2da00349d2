//! The terminal: taken over, asked for keys, and given back in every case.

use std::io::{self, Stdout, stdout};
use std::sync::Once;
use std::time::Duration;

use ratatui::backend::CrosstermBackend;
use ratatui::crossterm::cursor::Show;
use ratatui::crossterm::event::{self, Event, KeyCode, KeyEventKind, KeyModifiers};
use ratatui::crossterm::execute;
use ratatui::crossterm::terminal::{
    EnterAlternateScreen, LeaveAlternateScreen, disable_raw_mode, enable_raw_mode,
};
use ratatui::{Frame, Terminal};
use rustix::process::{Signal, kill_current_process_group};
use tokio::signal::unix::{SignalKind, signal};

/// The exit code that a shell reports of a program whose terminal went away.
const HANGUP: i32 = 129;

/// The whole screen, until it is dropped.
pub(super) struct Screen {
    terminal: Terminal<CrosstermBackend<Stdout>>,
}

impl Screen {
    /// Takes the screen over. A panic gives it back before it says what happened.
    pub(super) fn enter() -> io::Result<Self> {
        static HOOK: Once = Once::new();
        HOOK.call_once(|| {
            let before = std::panic::take_hook();
            std::panic::set_hook(Box::new(move |info| {
                give_back();
                before(info);
            }));
        });
        end_with_the_terminal()?;
        // from here on a failure gives back what has been taken
        let taken = Guard;
        take()?;
        let terminal = Terminal::new(CrosstermBackend::new(stdout()))?;
        std::mem::forget(taken);
        Ok(Self { terminal })
    }

    /// Draws one picture.
    pub(super) fn draw(&mut self, picture: impl FnOnce(&mut Frame<'_>)) -> io::Result<()> {
        self.terminal.draw(picture).map(|_| ())
    }

    /// Gives the screen back and stops, as Ctrl-Z stops other programs; takes the screen again when
    /// the shell lets it go on.
    pub(super) fn stop(&mut self) -> io::Result<()> {
        give_back();
        kill_current_process_group(Signal::TSTP)?;
        take()?;
        // one that knows nothing of what was drawn before
        self.terminal = Terminal::new(CrosstermBackend::new(stdout()))?;
        Ok(())
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        give_back();
    }
}

/// Gives the terminal back when it is dropped.
struct Guard;

impl Drop for Guard {
    fn drop(&mut self) {
        give_back();
    }
}

/// Ends the process when its terminal goes away (SIGHUP), from a thread of its own: whoever waits
/// for keys of a terminal that is gone does not come back.
fn end_with_the_terminal() -> io::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build()?;
    let mut hangup = {
        let _inside = runtime.enter();
        signal(SignalKind::hangup())?
    };
    let wait = move || {
        if runtime.block_on(hangup.recv()).is_some() {
            // nothing is drawn from here on
            let _out = stdout().lock();
            give_back();
            std::process::exit(HANGUP);
        }
    };
    std::thread::Builder::new().name("hangup".to_owned()).spawn(wait).map(|_| ())
}

fn take() -> io::Result<()> {
    enable_raw_mode()?;
    execute!(stdout(), EnterAlternateScreen)
}

/// What cannot be undone now cannot be undone at all, so errors are not looked at.
fn give_back() {
    let _ = execute!(stdout(), LeaveAlternateScreen, Show);
    let _ = disable_raw_mode();
}

/// What somebody wants.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Key {
    /// To end.
    Quit,
    /// To keep what is on the screen.
    Pause,
    /// To stop until the shell lets it go on.
    Stop,
    /// The picture in another size.
    Resized,
}

/// What has been typed, if anything has; never waits.
pub(super) fn pressed() -> io::Result<Option<Key>> {
    if !event::poll(Duration::ZERO)? {
        return Ok(None);
    }
    Ok(meaning(&event::read()?))
}

fn meaning(event: &Event) -> Option<Key> {
    match event {
        Event::Resize(..) => Some(Key::Resized),
        Event::Key(key) if key.kind != KeyEventKind::Release => match key.code {
            KeyCode::Char('q' | 'Q') | KeyCode::Esc => Some(Key::Quit),
            // in raw mode Ctrl-C is a key like others
            KeyCode::Char('c') if key.modifiers.contains(KeyModifiers::CONTROL) => Some(Key::Quit),
            KeyCode::Char('z') if key.modifiers.contains(KeyModifiers::CONTROL) => Some(Key::Stop),
            KeyCode::Char(' ' | 'p') => Some(Key::Pause),
            _ => None,
        },
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use std::process::{Command, Stdio};

    use ratatui::crossterm::event::KeyEvent;

    use super::*;

    #[test]
    fn keys_have_their_meaning() {
        let key = |code, modifiers| meaning(&Event::Key(KeyEvent::new(code, modifiers)));
        assert_eq!(key(KeyCode::Char('q'), KeyModifiers::NONE), Some(Key::Quit));
        assert_eq!(key(KeyCode::Char('c'), KeyModifiers::CONTROL), Some(Key::Quit));
        assert_eq!(key(KeyCode::Char('c'), KeyModifiers::NONE), None);
        assert_eq!(key(KeyCode::Char(' '), KeyModifiers::NONE), Some(Key::Pause));
        assert_eq!(key(KeyCode::Char('z'), KeyModifiers::CONTROL), Some(Key::Stop));
        assert_eq!(key(KeyCode::Char('z'), KeyModifiers::NONE), None);
        assert_eq!(meaning(&Event::Resize(80, 24)), Some(Key::Resized));
    }

    /// Says to the process that it is the one on the terminal.
    const INSIDE: &str = "OTTLA_TEST_SCREEN";

    #[test]
    fn a_panic_gives_the_screen_back_before_it_is_told() {
        if std::env::var_os(INSIDE).is_some() {
            let _screen = Screen::enter().expect("a terminal");
            panic!("the pen broke");
        }
        let this = std::env::current_exe().expect("a path");
        let name = "cli::top::terminal::tests::a_panic_gives_the_screen_back_before_it_is_told";
        let command = format!("{} --exact {name} --nocapture; stty -a", this.display());
        let mut run = Command::new("script");
        run.args(["-qec", &command, "/dev/null"]).env(INSIDE, "1");
        let seen = match run.env("TERM", "xterm").stdin(Stdio::null()).output() {
            Ok(seen) => String::from_utf8_lossy(&seen.stdout).into_owned(),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                return eprintln!("skipped: script is not installed: apt-get install bsdutils");
            }
            Err(error) => panic!("script does not run: {error}"),
        };
        let at = |text: &str| seen.find(text).unwrap_or_else(|| panic!("no {text:?}: {seen:?}"));
        // said on the other screen it would be gone with it
        assert!(at("\x1b[?1049h") < at("\x1b[?1049l"), "{seen:?}");
        assert!(at("\x1b[?1049l") < at("the pen broke"), "{seen:?}");
        assert!(at("\x1b[?25h") < at("the pen broke"), "{seen:?}");
        for mode in ["icanon", "echo", "isig"] {
            assert!(seen.split_whitespace().any(|word| word == mode), "{mode} is off: {seen:?}");
        }
    }
}
