mod pictures;
mod sniffed;
mod stored;
