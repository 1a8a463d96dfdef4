//! The demo's files, built into the binary.

/// Pictures of posts by file name.
pub const PICTURES: &[(&str, &[u8])] = &[
    ("boekenkast.webp", include_bytes!("content/pictures/boekenkast.webp")),
    ("fietsen.webp", include_bytes!("content/pictures/fietsen.webp")),
    ("koffieapparaat.webp", include_bytes!("content/pictures/koffieapparaat.webp")),
    ("laptop.webp", include_bytes!("content/pictures/laptop.webp")),
    ("leesstoel.webp", include_bytes!("content/pictures/leesstoel.webp")),
    ("naaimachine.webp", include_bytes!("content/pictures/naaimachine.webp")),
    ("poster.webp", include_bytes!("content/pictures/poster.webp")),
    ("prentenboek.webp", include_bytes!("content/pictures/prentenboek.webp")),
    ("raam.webp", include_bytes!("content/pictures/raam.webp")),
    ("soep.webp", include_bytes!("content/pictures/soep.webp")),
    ("taart.webp", include_bytes!("content/pictures/taart.webp")),
    ("theetafel.webp", include_bytes!("content/pictures/theetafel.webp")),
    ("tuinbed.webp", include_bytes!("content/pictures/tuinbed.webp")),
    ("voorleeshoek.webp", include_bytes!("content/pictures/voorleeshoek.webp")),
];

/// Pictures of people by key.
pub const AVATARS: &[(&str, &[u8])] = &[
    ("abdi", include_bytes!("content/avatars/abdi.webp")),
    ("achmed", include_bytes!("content/avatars/achmed.webp")),
    ("bram", include_bytes!("content/avatars/bram.webp")),
    ("corrie", include_bytes!("content/avatars/corrie.webp")),
    ("dewi", include_bytes!("content/avatars/dewi.webp")),
    ("dirk", include_bytes!("content/avatars/dirk.webp")),
    ("fatma", include_bytes!("content/avatars/fatma.webp")),
    ("gerda", include_bytes!("content/avatars/gerda.webp")),
    ("hennie", include_bytes!("content/avatars/hennie.webp")),
    ("ingrid", include_bytes!("content/avatars/ingrid.webp")),
    ("jamal", include_bytes!("content/avatars/jamal.webp")),
    ("joris", include_bytes!("content/avatars/joris.webp")),
    ("linh", include_bytes!("content/avatars/linh.webp")),
    ("lotte", include_bytes!("content/avatars/lotte.webp")),
    ("maria", include_bytes!("content/avatars/maria.webp")),
    ("marieke", include_bytes!("content/avatars/marieke.webp")),
    ("nadia", include_bytes!("content/avatars/nadia.webp")),
    ("oksana", include_bytes!("content/avatars/oksana.webp")),
    ("piet", include_bytes!("content/avatars/piet.webp")),
    ("rosalie", include_bytes!("content/avatars/rosalie.webp")),
    ("ruud", include_bytes!("content/avatars/ruud.webp")),
    ("sander", include_bytes!("content/avatars/sander.webp")),
    ("sevda", include_bytes!("content/avatars/sevda.webp")),
    ("sharda", include_bytes!("content/avatars/sharda.webp")),
    ("tomasz", include_bytes!("content/avatars/tomasz.webp")),
    ("truus", include_bytes!("content/avatars/truus.webp")),
    ("wouter", include_bytes!("content/avatars/wouter.webp")),
    ("yousra", include_bytes!("content/avatars/yousra.webp")),
];

/// Posts of each group by its key, JSON.
pub const POSTS: &[(&str, &[u8])] = &[
    ("balie", include_bytes!("content/posts/balie.json")),
    ("basisvaardigheden", include_bytes!("content/posts/basisvaardigheden.json")),
    ("buurttuin", include_bytes!("content/posts/buurttuin.json")),
    ("digitaal_spreekuur", include_bytes!("content/posts/digitaal_spreekuur.json")),
    ("jubileum", include_bytes!("content/posts/jubileum.json")),
    ("leeskring", include_bytes!("content/posts/leeskring.json")),
    ("makersplaats", include_bytes!("content/posts/makersplaats.json")),
    ("mantelzorg_kern", include_bytes!("content/posts/mantelzorg_kern.json")),
    ("taalcafe", include_bytes!("content/posts/taalcafe.json")),
    ("team_noord", include_bytes!("content/posts/team_noord.json")),
    ("voorleesexpress", include_bytes!("content/posts/voorleesexpress.json")),
    ("wijkteam_zuid", include_bytes!("content/posts/wijkteam_zuid.json")),
];

/// People, JSON.
pub const PEOPLE: &str = include_str!("content/people.json");

/// Branches, JSON.
pub const BRANCHES: &str = include_str!("content/branches.json");

/// Groups, JSON.
pub const GROUPS: &str = include_str!("content/groups.json");
