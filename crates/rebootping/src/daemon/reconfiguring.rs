//! The configuration read again: whoever it concerns is told, and what is as it was goes on unbroken.

use super::Daemon;
use super::dispatch::Files;
use super::settings::{judge_settings, observer_settings, prefix_settings, warden_settings, web_settings};
use crate::config;
use crate::config::meant::Config;
use crate::ipc::JudgedLink;
use crate::log;

/// Tells of keys that were written and mean nothing any more.
pub(super) fn warn_of_retired(config: &Config) {
    for problem in &config.retired {
        log::warn(&problem.to_string());
    }
}

impl Daemon {
    /// Reads the configuration again; an invalid one changes nothing.
    pub(super) fn reload(&mut self) {
        match config::load(self.explicit.as_deref()) {
            Ok(config) if config.paths == self.config.paths && config.process == self.config.process => {
                warn_of_retired(&config);
                self.take_config(config);
            }
            Ok(_) => log::warn(
                "[paths] and [process] take effect at the next start only; the old configuration stays in force",
            ),
            Err(errors) => log::warn(&format!("the configuration is invalid, the old one stays in force:\n{errors}")),
        }
    }

    /// Takes a valid configuration; what is as it was goes on unbroken.
    fn take_config(&mut self, config: Config) {
        let settings = judge_settings(&config);
        if config == self.config && settings == self.judge.settings() {
            log::info("the configuration was read again; nothing in it changed");
            // What it names may hold something else.
            self.dispatch.configure(&self.config, Files::AreOther);
            return;
        }
        self.config = config;
        self.dispatch.configure(&self.config, Files::AreOther);
        self.service_manager.ready(self.longest_silence());
        if let Err(error) = self.judge.configure(settings) {
            log::warn(&format!("the judge did not take the configuration ({error}); it will at its next start"));
        }
        self.configure_observer();
        self.configure_web(Some(&self.links));
        self.warden.configure(warden_settings(&self.config, &self.links, self.told.dead_end()));
        self.prefixes.configure(prefix_settings(&self.config, self.links.iter().map(|link| link.name.as_str())));
        log::info("the configuration was read again");
    }

    /// Gives the web process the settings in force, if it has others.
    pub(super) fn configure_web(&self, links: Option<&[JudgedLink]>) {
        let settings = web_settings(&self.config, links);
        if settings == self.web.settings() {
            return;
        }
        if let Err(error) = self.web.configure(settings) {
            log::warn(&format!("the web process did not take the configuration ({error}); it will at its next start"));
        }
    }

    /// Gives the observer the settings in force, if it has others.
    pub(super) fn configure_observer(&self) {
        let settings = observer_settings(&self.config, &self.links);
        if settings == self.observer.settings() {
            return;
        }
        if let Err(error) = self.observer.configure(settings) {
            log::warn(&format!("the observer did not take the configuration ({error}); it will at its next start"));
        }
    }
}
