//! What can be scraped of a host: one file each.

mod cpu;
mod disk;
mod filesystem;
mod load;
mod memory;
mod network;
mod nfs;
mod paging;
mod process;
mod processes;
mod system;

use std::sync::Arc;

use super::host::Host;
use crate::config::Optional;
use crate::config_section;
use crate::receivers::scraping::Scraper;

/// Declares the section `scrapers`: the key, the section and the scraper of each.
macro_rules! scrapers {
    ($($(#[doc = $text:literal])* $key:ident: $config:ty => $scraper:ty;)*) => {
        config_section! {
            /// What is read; each scraper is on as soon as its key is there.
            pub struct ScrapersConfig {
                $($(#[doc = $text])* pub $key: Optional<$config> = Optional::off(<$config>::default()),)*
            }
        }

        impl ScrapersConfig {
            /// True where any scraper is on.
            pub fn is_any_on(&self) -> bool {
                $(self.$key.is_on())||*
            }

            /// The scrapers that are on.
            ///
            /// # Errors
            /// What is wrong with the section of one.
            pub(super) fn build(&self, host: &Arc<Host>) -> Result<Vec<Box<dyn Scraper>>, String> {
                let mut scrapers: Vec<Box<dyn Scraper>> = Vec::new();
                $(if let Some(config) = self.$key.get() {
                    scrapers.push(Box::new(<$scraper>::new(config, Arc::clone(host))?));
                })*
                Ok(scrapers)
            }
        }
    };
}

scrapers! {
    /// The time of each CPU by state.
    cpu: cpu::CpuConfig => cpu::CpuScraper;
    /// What disks read and write.
    disk: disk::DiskConfig => disk::DiskScraper;
    /// How full filesystems are.
    filesystem: filesystem::FilesystemConfig => filesystem::FilesystemScraper;
    /// How many threads run or wait to.
    load: load::LoadConfig => load::LoadScraper;
    /// What memory is used for.
    memory: memory::MemoryConfig => memory::MemoryScraper;
    /// What network interfaces receive and send, and TCP connections by state.
    network: network::NetworkConfig => network::NetworkScraper;
    /// What the kernel's client and server of NFS did.
    nfs: nfs::NfsConfig => nfs::NfsScraper;
    /// How full swap devices are, and how often pages were read, written and missed.
    paging: paging::PagingConfig => paging::PagingScraper;
    /// What each process uses; each is a resource of its own.
    process: process::ProcessConfig => process::ProcessScraper;
    /// How many processes there are in which state.
    processes: processes::ProcessesConfig => processes::ProcessesScraper;
    /// How long the host has been running.
    system: system::SystemConfig => system::SystemScraper;
}
