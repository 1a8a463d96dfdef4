//! The tables as diesel sees them. Hand-kept beside `migrations/`; a test compares it with both databases.

diesel::table! {
    hosts (id) {
        id -> BigInt,
        name -> Text,
        software -> Nullable<Text>,
        version -> Nullable<Text>,
        state -> Text,
        peer_state -> Text,
        peer_scope -> Nullable<Text>,
        signature_form -> Nullable<Text>,
        seen_at -> Nullable<BigInt>,
        checked_at -> Nullable<BigInt>,
        wraps -> Bool,
        reason -> Text,
        decided_at -> Nullable<BigInt>,
        reject_media -> Bool,
    }
}

diesel::table! {
    peerings (host_id) {
        host_id -> BigInt,
        follow_uri -> Text,
        ours -> Bool,
        scope -> Text,
        purpose -> Text,
        contact -> Text,
        retention -> Text,
        answer_contact -> Text,
        answer_retention -> Text,
        reason -> Text,
        offered_at -> BigInt,
        answered_at -> Nullable<BigInt>,
        ended_at -> Nullable<BigInt>,
    }
}

diesel::table! {
    actors (id) {
        id -> BigInt,
        uri -> Text,
        host_id -> BigInt,
        kind -> Text,
        name -> Text,
        name_key -> Text,
        display_name -> Text,
        summary_source -> Text,
        summary_html -> Text,
        url -> Text,
        inbox -> Text,
        shared_inbox -> Nullable<Text>,
        outbox -> Nullable<Text>,
        followers_uri -> Nullable<Text>,
        featured_uri -> Nullable<Text>,
        moderators_uri -> Nullable<Text>,
        icon_media_id -> Nullable<BigInt>,
        icon_url -> Nullable<Text>,
        header_url -> Nullable<Text>,
        state -> Text,
        locked -> Bool,
        discoverable -> Bool,
        moved_to -> Nullable<Text>,
        posts_count -> BigInt,
        followers_count -> BigInt,
        following_count -> BigInt,
        last_post_at -> Nullable<BigInt>,
        search_text -> Text,
        created_at -> BigInt,
        updated_at -> BigInt,
        fetched_at -> Nullable<BigInt>,
        known_at -> Nullable<BigInt>,
    }
}

diesel::table! {
    actor_keys (id) {
        id -> BigInt,
        actor_id -> BigInt,
        key_uri -> Text,
        kind -> Text,
        public_pem -> Text,
        private_sealed -> Nullable<Text>,
        created_at -> BigInt,
        former_sealed -> Nullable<Text>,
        former_before -> Nullable<BigInt>,
    }
}

diesel::table! {
    branches (id) {
        id -> BigInt,
        name_key -> Text,
        name -> Text,
        address -> Text,
        created_at -> BigInt,
    }
}

diesel::table! {
    members (actor_id) {
        actor_id -> BigInt,
        email -> Nullable<Text>,
        email_key -> Nullable<Text>,
        password_hash -> Nullable<Text>,
        role -> Text,
        person_kind -> Text,
        is_guest -> Bool,
        job_title -> Text,
        pronunciation -> Text,
        branch_id -> Nullable<BigInt>,
        languages -> Text,
        contact -> Text,
        direct_from -> Text,
        findable -> Bool,
        locale -> Nullable<Text>,
        theme -> Text,
        text_size -> Text,
        contrast -> Text,
        notify_mail -> Bool,
        home_seen_seq -> BigInt,
        invited_by -> Nullable<BigInt>,
        request_note -> Text,
        last_seen_at -> Nullable<BigInt>,
        created_at -> BigInt,
    }
}

diesel::table! {
    sessions (id) {
        id -> BigInt,
        token_hash -> Text,
        member_id -> Nullable<BigInt>,
        device -> Text,
        shared -> Bool,
        locale -> Nullable<Text>,
        theme -> Nullable<Text>,
        text_size -> Nullable<Text>,
        contrast -> Nullable<Text>,
        created_at -> BigInt,
        last_seen_at -> BigInt,
        expires_at -> BigInt,
    }
}

diesel::table! {
    sign_in_tokens (id) {
        id -> BigInt,
        purpose -> Text,
        member_id -> Nullable<BigInt>,
        link_hash -> Text,
        code_hash -> Nullable<Text>,
        data -> Text,
        tries -> Integer,
        created_at -> BigInt,
        expires_at -> BigInt,
        used_at -> Nullable<BigInt>,
    }
}

diesel::table! {
    invitations (id) {
        id -> BigInt,
        code -> Text,
        inviter_id -> BigInt,
        person_kind -> Text,
        note -> Text,
        max_uses -> Integer,
        uses -> Integer,
        created_at -> BigInt,
        expires_at -> BigInt,
        revoked_at -> Nullable<BigInt>,
    }
}

diesel::table! {
    audiences (id) {
        id -> BigInt,
        scope -> SmallInt,
        owner_id -> BigInt,
    }
}

diesel::table! {
    readers (audience_id, actor_id) {
        audience_id -> BigInt,
        actor_id -> BigInt,
        host_id -> BigInt,
    }
}

diesel::table! {
    groups (actor_id) {
        actor_id -> BigInt,
        kind -> Text,
        hidden -> Bool,
        posting -> Text,
        approval -> Bool,
        outside_members -> Bool,
        bare_notices -> Bool,
        audience_id -> BigInt,
        spine -> SmallInt,
        topics -> Text,
        branch_id -> Nullable<BigInt>,
        rules_source -> Text,
        rules_html -> Text,
        card_source -> Text,
        card_html -> Text,
        members_count -> BigInt,
        created_by -> Nullable<BigInt>,
        archived_at -> Nullable<BigInt>,
    }
}

diesel::table! {
    notice_followers (group_id, actor_id) {
        group_id -> BigInt,
        actor_id -> BigInt,
        uri -> Text,
    }
}

diesel::table! {
    invitation_groups (invitation_id, group_id) {
        invitation_id -> BigInt,
        group_id -> BigInt,
    }
}

diesel::table! {
    follows (id) {
        id -> BigInt,
        follower_id -> BigInt,
        target_id -> BigInt,
        state -> Text,
        role -> Text,
        may_post -> Bool,
        uri -> Nullable<Text>,
        notify -> Text,
        muted -> Bool,
        reason -> Text,
        until_at -> Nullable<BigInt>,
        seen_seq -> BigInt,
        created_at -> BigInt,
        confirmed_at -> Nullable<BigInt>,
    }
}

diesel::table! {
    posts (id) {
        id -> BigInt,
        uri -> Text,
        url -> Text,
        author_id -> BigInt,
        group_id -> Nullable<BigInt>,
        audience_id -> BigInt,
        kind -> Text,
        parent_id -> Nullable<BigInt>,
        parent_uri -> Nullable<Text>,
        root_id -> BigInt,
        title -> Text,
        source -> Text,
        html -> Text,
        language -> Nullable<Text>,
        sensitive -> Bool,
        warning -> Text,
        link_url -> Nullable<Text>,
        state -> Text,
        accepted_id -> Nullable<BigInt>,
        pinned_at -> Nullable<BigInt>,
        locked -> Bool,
        replies_count -> BigInt,
        reactions_count -> BigInt,
        shares_count -> BigInt,
        published_at -> BigInt,
        edited_at -> Nullable<BigInt>,
        removed_by -> Nullable<BigInt>,
        removed_reason -> Text,
        received_seq -> BigInt,
        active_seq -> BigInt,
        search_text -> Text,
    }
}

diesel::table! {
    entries (id) {
        id -> BigInt,
        source_id -> BigInt,
        post_id -> BigInt,
        how -> Text,
        uri -> Nullable<Text>,
    }
}

diesel::table! {
    home (member_id, entry_id) {
        member_id -> BigInt,
        entry_id -> BigInt,
        post_id -> BigInt,
    }
}

diesel::table! {
    revisions (id) {
        id -> BigInt,
        post_id -> BigInt,
        title -> Text,
        source -> Text,
        html -> Text,
        warning -> Text,
        created_at -> BigInt,
    }
}

diesel::table! {
    polls (post_id) {
        post_id -> BigInt,
        multiple -> Bool,
        hidden -> Bool,
        closes_at -> Nullable<BigInt>,
        closed_at -> Nullable<BigInt>,
        voters_count -> BigInt,
    }
}

diesel::table! {
    poll_options (post_id, position) {
        post_id -> BigInt,
        position -> Integer,
        title -> Text,
        votes_count -> BigInt,
    }
}

diesel::table! {
    poll_votes (post_id, actor_id, position) {
        post_id -> BigInt,
        actor_id -> BigInt,
        position -> Integer,
    }
}

diesel::table! {
    reactions (id) {
        id -> BigInt,
        actor_id -> BigInt,
        post_id -> BigInt,
        kind -> Text,
        uri -> Nullable<Text>,
    }
}

diesel::table! {
    bookmarks (id) {
        id -> BigInt,
        member_id -> BigInt,
        post_id -> BigInt,
    }
}

diesel::table! {
    mentions (post_id, actor_id) {
        post_id -> BigInt,
        actor_id -> BigInt,
    }
}

diesel::table! {
    post_tags (tag, post_id) {
        tag -> Text,
        post_id -> BigInt,
    }
}

diesel::table! {
    media (id) {
        id -> BigInt,
        owner_id -> BigInt,
        post_id -> Nullable<BigInt>,
        purpose -> Text,
        position -> Integer,
        kind -> Text,
        mime -> Text,
        file_name -> Text,
        size -> BigInt,
        width -> Nullable<Integer>,
        height -> Nullable<Integer>,
        blurhash -> Nullable<Text>,
        description -> Text,
        focus_x -> Nullable<Double>,
        focus_y -> Nullable<Double>,
        key -> Nullable<Text>,
        thumb_key -> Nullable<Text>,
        thumb_mime -> Nullable<Text>,
        remote_url -> Nullable<Text>,
        state -> Text,
        created_at -> BigInt,
    }
}

diesel::table! {
    drafts (id) {
        id -> BigInt,
        member_id -> BigInt,
        place -> Text,
        body -> Text,
        updated_at -> BigInt,
    }
}

diesel::table! {
    notifications (id) {
        id -> BigInt,
        member_id -> BigInt,
        kind -> Text,
        actor_id -> Nullable<BigInt>,
        post_id -> Nullable<BigInt>,
        group_id -> Nullable<BigInt>,
        detail -> Text,
        group_key -> Text,
        created_at -> BigInt,
        read_at -> Nullable<BigInt>,
        filtered -> Bool,
    }
}

diesel::table! {
    reports (id) {
        id -> BigInt,
        uri -> Nullable<Text>,
        reporter_id -> BigInt,
        target_id -> BigInt,
        post_id -> Nullable<BigInt>,
        group_id -> Nullable<BigInt>,
        reason -> Text,
        state -> Text,
        outcome -> Text,
        handled_by -> Nullable<BigInt>,
        created_at -> BigInt,
        handled_at -> Nullable<BigInt>,
    }
}

diesel::table! {
    moderation_log (id) {
        id -> BigInt,
        group_id -> Nullable<BigInt>,
        moderator_id -> BigInt,
        action -> Text,
        target_id -> Nullable<BigInt>,
        post_id -> Nullable<BigInt>,
        reason -> Text,
        created_at -> BigInt,
    }
}

diesel::table! {
    blocks (id) {
        id -> BigInt,
        member_id -> BigInt,
        target_id -> BigInt,
        kind -> Text,
        until_at -> Nullable<BigInt>,
        uri -> Nullable<Text>,
    }
}

diesel::table! {
    host_blocks (member_id, host_id) {
        member_id -> BigInt,
        host_id -> BigInt,
    }
}

diesel::table! {
    settings (key) {
        key -> Text,
        value -> Text,
    }
}

diesel::table! {
    oauth_apps (id) {
        id -> BigInt,
        client_id -> Text,
        secret_hash -> Text,
        name -> Text,
        website -> Nullable<Text>,
        redirect_uris -> Text,
        scopes -> Text,
        created_at -> BigInt,
    }
}

diesel::table! {
    oauth_codes (code_hash) {
        code_hash -> Text,
        app_id -> BigInt,
        member_id -> BigInt,
        redirect_uri -> Text,
        scopes -> Text,
        challenge -> Nullable<Text>,
        expires_at -> BigInt,
    }
}

diesel::table! {
    oauth_tokens (id) {
        id -> BigInt,
        token_hash -> Text,
        app_id -> Nullable<BigInt>,
        member_id -> Nullable<BigInt>,
        scopes -> Text,
        created_at -> BigInt,
        last_used_at -> Nullable<BigInt>,
    }
}

diesel::table! {
    idempotency (member_id, key) {
        member_id -> BigInt,
        key -> Text,
        post_id -> BigInt,
        created_at -> BigInt,
    }
}

diesel::table! {
    markers (member_id, timeline) {
        member_id -> BigInt,
        timeline -> Text,
        last_read_id -> BigInt,
        version -> BigInt,
        updated_at -> BigInt,
    }
}

diesel::table! {
    activities (id) {
        id -> BigInt,
        uri -> Text,
        kind -> Text,
        actor_id -> Nullable<BigInt>,
        actor_uri -> Text,
        audience_id -> Nullable<BigInt>,
        direction -> Text,
        state -> Text,
        body -> Text,
        tries -> Integer,
        next_at -> BigInt,
        error -> Text,
        received_at -> BigInt,
    }
}

diesel::table! {
    originals (post_id) {
        post_id -> BigInt,
        body -> Text,
    }
}

diesel::table! {
    held_activities (post_id) {
        post_id -> BigInt,
        activity_id -> BigInt,
    }
}

diesel::table! {
    deliveries (id) {
        id -> BigInt,
        lane -> Text,
        activity_id -> BigInt,
        signer_id -> BigInt,
        inbox -> Text,
        tries -> Integer,
        error -> Text,
    }
}

diesel::table! {
    lanes (key) {
        key -> Text,
        host -> Text,
        inbox -> Text,
        next_at -> BigInt,
        lease_until -> BigInt,
        leased_by -> Text,
        fence -> BigInt,
        failures -> Integer,
    }
}

diesel::table! {
    jobs (id) {
        id -> BigInt,
        kind -> Text,
        payload -> Text,
        dedup_key -> Nullable<Text>,
        run_at -> BigInt,
        lease_until -> BigInt,
        tries -> Integer,
        error -> Text,
        failed_at -> Nullable<BigInt>,
        lane -> Nullable<Text>,
    }
}

diesel::table! {
    link_previews (post_id) {
        post_id -> BigInt,
        url -> Text,
        title -> Text,
        description -> Text,
        picture_key -> Nullable<Text>,
        picture_mime -> Text,
        width -> Integer,
        height -> Integer,
        fetched_at -> BigInt,
    }
}

diesel::table! {
    group_requests (id) {
        id -> BigInt,
        owner_id -> BigInt,
        form -> Text,
        created_at -> BigInt,
    }
}

diesel::table! {
    filters (id) {
        id -> BigInt,
        member_id -> BigInt,
        title -> Text,
        contexts -> Text,
        action -> Text,
        expires_at -> Nullable<BigInt>,
    }
}

diesel::table! {
    filter_terms (id) {
        id -> BigInt,
        filter_id -> BigInt,
        keyword -> Nullable<Text>,
        whole_word -> Bool,
        post_id -> Nullable<BigInt>,
    }
}

diesel::table! {
    scheduled_posts (id) {
        id -> BigInt,
        member_id -> BigInt,
        plan -> Text,
        publish_at -> BigInt,
    }
}

diesel::table! {
    account_notes (member_id, target_id) {
        member_id -> BigInt,
        target_id -> BigInt,
        note -> Text,
    }
}

diesel::table! {
    endorsements (id) {
        id -> BigInt,
        member_id -> BigInt,
        target_id -> BigInt,
    }
}

diesel::table! {
    dismissed_suggestions (member_id, target_id) {
        member_id -> BigInt,
        target_id -> BigInt,
    }
}

diesel::table! {
    followed_tags (id) {
        id -> BigInt,
        member_id -> BigInt,
        tag -> Text,
    }
}

diesel::table! {
    featured_tags (id) {
        id -> BigInt,
        member_id -> BigInt,
        tag -> Text,
    }
}

diesel::table! {
    muted_threads (member_id, root_id) {
        member_id -> BigInt,
        root_id -> BigInt,
    }
}

diesel::table! {
    lists (id) {
        id -> BigInt,
        member_id -> BigInt,
        title -> Text,
        replies -> Text,
        exclusive -> Bool,
    }
}

diesel::table! {
    list_accounts (id) {
        id -> BigInt,
        list_id -> BigInt,
        actor_id -> BigInt,
    }
}

diesel::table! {
    push_subscriptions (id) {
        id -> BigInt,
        token_id -> BigInt,
        member_id -> BigInt,
        endpoint -> Text,
        p256dh -> Text,
        auth -> Text,
        standard -> Bool,
        policy -> Text,
        alerts -> Text,
        token_sealed -> Text,
    }
}

diesel::table! {
    notice_policies (member_id) {
        member_id -> BigInt,
        not_following -> Text,
        not_followers -> Text,
        new_accounts -> Text,
        private_mentions -> Text,
        limited_accounts -> Text,
    }
}

diesel::table! {
    notice_permissions (member_id, actor_id) {
        member_id -> BigInt,
        actor_id -> BigInt,
    }
}

diesel::table! {
    quotes (post_id) {
        post_id -> BigInt,
        quoted_id -> BigInt,
        state -> Text,
        stamp_uri -> Nullable<Text>,
    }
}

diesel::table! {
    changes (seq) {
        seq -> BigInt,
        xid -> BigInt,
        kind -> Text,
        ref_id -> BigInt,
    }
}

diesel::table! {
    media_texts (media_id) {
        media_id -> BigInt,
        body -> Text,
        made_at -> BigInt,
    }
}

diesel::table! {
    terms (id) {
        id -> BigInt,
        facet -> Text,
        label_nl -> Text,
        label_en -> Text,
        created_at -> BigInt,
    }
}

diesel::table! {
    term_spellings (key) {
        key -> Text,
        shown -> Text,
        term_id -> BigInt,
    }
}

diesel::table! {
    expertise (id) {
        id -> BigInt,
        member_id -> BigInt,
        relation -> Text,
        term_id -> BigInt,
        note -> Text,
        visibility -> Text,
        created_at -> BigInt,
    }
}

diesel::table! {
    knowledge_choices (member_id) {
        member_id -> BigInt,
        days -> Text,
        days_to -> Text,
        languages_to -> Text,
        branch_to -> Text,
        offers -> Bool,
        questions -> Bool,
        ideas -> Bool,
    }
}

diesel::table! {
    expertise_offers (id) {
        id -> BigInt,
        member_id -> BigInt,
        term_id -> BigInt,
        post_id -> Nullable<BigInt>,
        why -> Text,
        state -> Text,
        created_at -> BigInt,
    }
}

diesel::table! {
    referrals (id) {
        id -> BigInt,
        from_id -> BigInt,
        to_id -> BigInt,
        for_id -> BigInt,
        post_id -> Nullable<BigInt>,
        reason -> Text,
        state -> Text,
        created_at -> BigInt,
        answered_at -> Nullable<BigInt>,
    }
}

diesel::table! {
    post_terms (term_id, post_id) {
        term_id -> BigInt,
        post_id -> BigInt,
    }
}

diesel::table! {
    lookups (member_id, host_id, term_id, day) {
        member_id -> BigInt,
        host_id -> BigInt,
        term_id -> BigInt,
        day -> BigInt,
        times -> BigInt,
        last_at -> BigInt,
    }
}

diesel::table! {
    contacts (id) {
        id -> BigInt,
        member_id -> BigInt,
        other_id -> BigInt,
        ours -> Bool,
        uri -> Text,
        reason -> Text,
        state -> Text,
        created_at -> BigInt,
        answered_at -> Nullable<BigInt>,
    }
}

diesel::table! {
    wiki_pages (id) {
        id -> BigInt,
        group_id -> BigInt,
        audience_id -> BigInt,
        title -> Text,
        source -> Text,
        html -> Text,
        version -> BigInt,
        updated_by -> BigInt,
        created_at -> BigInt,
        updated_at -> BigInt,
        deleted_at -> Nullable<BigInt>,
    }
}

diesel::table! {
    wiki_versions (page_id, number) {
        page_id -> BigInt,
        number -> BigInt,
        title -> Text,
        source -> Text,
        note -> Text,
        author_id -> BigInt,
        created_at -> BigInt,
    }
}

diesel::table! {
    tips (post_id) {
        post_id -> BigInt,
        isbn -> Text,
        work -> Text,
        maker -> Text,
        whom -> Text,
    }
}

diesel::table! {
    tip_lists (id) {
        id -> BigInt,
        owner_id -> BigInt,
        title -> Text,
        about -> Text,
        shared -> Bool,
        created_at -> BigInt,
    }
}

diesel::table! {
    tip_list_items (list_id, post_id) {
        list_id -> BigInt,
        post_id -> BigInt,
        added_at -> BigInt,
    }
}

diesel::table! {
    board_cards (post_id) {
        post_id -> BigInt,
        side -> Text,
        until_at -> BigInt,
        done -> Bool,
    }
}

diesel::table! {
    thanks (id) {
        id -> BigInt,
        from_id -> BigInt,
        to_id -> BigInt,
        body -> Text,
        told -> Text,
        created_at -> BigInt,
    }
}

diesel::table! {
    emoji (id) {
        id -> BigInt,
        host_id -> BigInt,
        name -> Text,
        url -> Text,
        actor_id -> BigInt,
        media_id -> Nullable<BigInt>,
    }
}

diesel::table! {
    aliases (actor_id, former_id) {
        actor_id -> BigInt,
        former_id -> BigInt,
    }
}

diesel::table! {
    looks (id) {
        id -> BigInt,
        version -> BigInt,
    }
}

diesel::table! {
    newcomers (member_id) {
        member_id -> BigInt,
        buddy_id -> Nullable<BigInt>,
        done -> Integer,
        moved_at -> BigInt,
        nudged_at -> Nullable<BigInt>,
        created_at -> BigInt,
        ended_at -> Nullable<BigInt>,
    }
}

diesel::table! {
    newcomer_steps (member_id, step) {
        member_id -> BigInt,
        step -> Text,
        by_id -> Nullable<BigInt>,
        note -> Text,
        created_at -> BigInt,
    }
}

diesel::table! {
    meeters (member_id) {
        member_id -> BigInt,
        peers -> Bool,
        created_at -> BigInt,
    }
}

diesel::table! {
    meetings (id) {
        id -> BigInt,
        member_id -> BigInt,
        month -> Integer,
        other_id -> Nullable<BigInt>,
        host_id -> Nullable<BigInt>,
        uri -> Nullable<Text>,
        reason -> Text,
        begins_at -> Nullable<BigInt>,
        state -> Text,
        created_at -> BigInt,
    }
}

/// Which tables queries name together. By pair and not all with all: rustc checks each pair against every other, which took
/// half of the time of `cargo check`.
macro_rules! together {
    ($($one:ident: $($other:ident)*;)*) => {$($(
        diesel::allow_tables_to_appear_in_same_query!($one, $other);
    )*)*};
}

together! {
    aliases: actors;
    hosts: peerings actors actor_keys branches members invitations audiences readers groups follows posts entries home reactions bookmarks mentions post_tags notifications blocks host_blocks filters filter_terms lists quotes;
    actors: actor_keys branches members sessions invitations audiences readers groups follows posts entries home reactions bookmarks mentions post_tags media notifications blocks host_blocks oauth_tokens activities filters filter_terms scheduled_posts dismissed_suggestions followed_tags lists quotes;
    branches: members;
    members: notice_policies sessions invitations audiences readers groups follows posts entries home poll_votes bookmarks post_tags notifications oauth_tokens filters filter_terms scheduled_posts lists quotes;
    notice_policies: posts audiences;
    invitations: audiences posts;
    audiences: readers groups posts entries home bookmarks post_tags media notifications filters filter_terms lists quotes blocks activities;
    readers: follows groups posts;
    notice_followers: actors hosts;
    groups: follows posts media activities filters dismissed_suggestions;
    follows: posts entries home post_tags dismissed_suggestions post_terms;
    posts: entries home revisions reactions bookmarks mentions post_tags media notifications activities filters filter_terms muted_threads lists list_accounts quotes blocks;
    entries: home post_tags list_accounts;
    home: revisions mentions post_tags notifications;
    revisions: mentions post_tags notifications;
    polls: poll_options poll_votes;
    poll_options: poll_votes;
    mentions: post_tags notifications;
    post_tags: notifications;
    media: filters media_texts;
    notifications: notice_permissions;
    blocks: host_blocks activities;
    oauth_apps: oauth_tokens;
    activities: deliveries;
    deliveries: lanes;
    filters: filter_terms;
    lists: list_accounts;
    expertise_offers: posts;
    terms: actors audiences expertise expertise_offers hosts members post_terms posts term_spellings;
    expertise: actors blocks dismissed_suggestions hosts knowledge_choices members;
    knowledge_choices: actors members;
    post_terms: actors audiences hosts members posts;
    lookups: hosts terms;
    contacts: actors;
    wiki_pages: actors;
    tips: posts tip_list_items;
    tip_lists: tip_list_items;
    tip_list_items: posts;
    board_cards: posts;
    newcomers: actors members;
    meeters: actors members meetings;
    meetings: actors members;
}
