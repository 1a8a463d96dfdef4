"""Mastodon.py against an instance of Kring: what a person does with an app, from registering to streaming."""

import base64
import datetime
import http.server
import json
import os
import struct
import sys
import threading
import time
import zlib

import http_ece
import requests
from cryptography.hazmat.primitives.asymmetric import ec

from mastodon import Mastodon, MastodonAPIError, MastodonNotFoundError, StreamListener

BASE = os.environ["KRING_BASE_URL"]
GROUP = os.environ.get("KRING_GROUP", "")
api = Mastodon(api_base_url=BASE, access_token=os.environ["KRING_TOKEN"], ratelimit_method="throw")
other = os.environ.get("KRING_OTHER_TOKEN")
friend = Mastodon(api_base_url=BASE, access_token=other, ratelimit_method="throw") if other else None

passed, failures, called = 0, [], set()


def check(name, work, holds=lambda result: True):
    """Calls one method; remembers whether it answered as it should."""
    global passed
    called.add(name)
    try:
        result = work()
        if not holds(result):
            raise AssertionError(f"unexpected: {str(result)[:300]}")
        passed += 1
        return result
    except Exception as error:  # every failure is told at the end
        failures.append(f"{name}: {type(error).__name__}: {error}")
        return None


def refused(name, kind, work):
    """That a call fails as it should."""
    global passed
    called.add(name)
    try:
        work()
    except kind:
        passed += 1
    except Exception as error:
        failures.append(f"{name}: {type(error).__name__}: {error}")
    else:
        failures.append(f"{name}: not refused")


def png(width, height):
    def chunk(kind, data):
        body = kind + data
        return struct.pack(">I", len(data)) + body + struct.pack(">I", zlib.crc32(body))

    rows = b"".join(b"\0" + b"\x20\x80\x60" * width for _ in range(height))
    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


# -- the app and the instance
app = check("create_app", lambda: Mastodon.create_app("Proef", api_base_url=BASE, scopes=["read", "write"]), lambda r: all(r))
if app:
    other_app = Mastodon(client_id=app[0], client_secret=app[1], api_base_url=BASE)
    check("auth_request_url", lambda: other_app.auth_request_url(scopes=["read"], allow_http=True), lambda r: "/oauth/authorize" in r)
check("app_verify_credentials", api.app_verify_credentials)
check("instance", api.instance, lambda r: r.configuration.statuses.max_characters > 0)
check("instance_v1", api.instance_v1, lambda r: r.uri in BASE)
check("instance_v2", api.instance_v2, lambda r: r.domain in BASE)
check("instance_activity", api.instance_activity)
check("instance_peers", api.instance_peers, lambda r: isinstance(r, list))
check("instance_rules", api.instance_rules)
check("instance_extended_description", api.instance_extended_description)
check("instance_translation_languages", api.instance_translation_languages)
check("instance_domain_blocks", api.instance_domain_blocks)
check("instance_languages", api.instance_languages)
check("instance_nodeinfo", api.instance_nodeinfo, lambda r: r.software.name == "kring")
check("instance_health", api.instance_health)
check("oauth_authorization_server_info", api.oauth_authorization_server_info, lambda r: r.token_endpoint)
check("custom_emojis", api.custom_emojis)
check("announcements", api.announcements)
check("preferences", api.preferences, lambda r: r["posting:default:visibility"] == "public")
check("retrieve_mastodon_version", api.retrieve_mastodon_version, lambda r: r.startswith("4."))

# -- accounts
me = check("account_verify_credentials", api.account_verify_credentials, lambda r: r.source is not None)
check("me", api.me, lambda r: r.id == me.id)
check("account", lambda: api.account(me.id), lambda r: r.acct == me.acct)
check("accounts", lambda: api.accounts([me.id]), lambda r: len(r) == 1)
check("account_lookup", lambda: api.account_lookup(me.acct), lambda r: r.id == me.id)
check("account_search", lambda: api.account_search(me.acct), lambda r: any(a.id == me.id for a in r))
check("account_update_credentials", lambda: api.account_update_credentials(note="Ik lees graag."), lambda r: "lees" in r.note)
check("account_update_credentials avatar", lambda: api.account_update_credentials(avatar=png(64, 64), avatar_mime_type="image/png"), lambda r: "/media/" in r.avatar)
check("account_followers", lambda: api.account_followers(me.id))
check("account_following", lambda: api.account_following(me.id))
check("account_lists", lambda: api.account_lists(me.id))
check("account_featured_tags", lambda: api.account_featured_tags(me.id))
check("account_familiar_followers", lambda: api.account_familiar_followers(me.id))
check("directory", api.directory)
check("suggestions", api.suggestions)
check("suggestions_v1", api.suggestions_v1)
check("suggestions_v2", api.suggestions_v2)
check("profile", api.profile)
check("endorsements", api.endorsements)
check("featured_tags", api.featured_tags)
check("followed_tags", api.followed_tags)
check("blocks", api.blocks)
check("mutes", api.mutes)
check("domain_blocks", api.domain_blocks)
check("follow_requests", api.follow_requests)
check("filters", api.filters)
check("filters_v2", api.filters_v2, lambda r: r == [])

# -- writing
status = check("status_post", lambda: api.status_post("Hallo allemaal #lezen", spoiler_text="let op"), lambda r: r.spoiler_text == "let op")
sid = status.id
check("status", lambda: api.status(sid), lambda r: r.id == sid)
check("statuses", lambda: api.statuses([sid]), lambda r: r[0].id == sid)
check("status_context", lambda: api.status_context(sid), lambda r: r.ancestors == [])
check("status_source", lambda: api.status_source(sid), lambda r: "Hallo" in r.text)
check("status_update", lambda: api.status_update(sid, "Hallo iedereen #lezen"), lambda r: r.edited_at is not None)
check("status_history", lambda: api.status_history(sid), lambda r: len(r) == 2)
check("status_card", lambda: api.status_card(sid) or True)
check("status_favourite", lambda: api.status_favourite(sid), lambda r: r.favourited)
check("status_favourited_by", lambda: api.status_favourited_by(sid), lambda r: r[0].id == me.id)
check("favourites", api.favourites, lambda r: any(s.id == sid for s in r))
check("status_unfavourite", lambda: api.status_unfavourite(sid), lambda r: not r.favourited)
check("status_bookmark", lambda: api.status_bookmark(sid), lambda r: r.bookmarked)
check("bookmarks", api.bookmarks, lambda r: any(s.id == sid for s in r))
check("status_unbookmark", lambda: api.status_unbookmark(sid), lambda r: not r.bookmarked)
check("status_reblog", lambda: (friend or api).status_reblog(sid), lambda r: r.reblog.id == sid)
check("status_reblogged_by", lambda: api.status_reblogged_by(sid), lambda r: len(r) == 1)
check("status_unreblog", lambda: (friend or api).status_unreblog(sid), lambda r: not r.reblogged)
check("status_mute", lambda: api.status_mute(sid), lambda r: r.muted)
check("status_unmute", lambda: api.status_unmute(sid), lambda r: not r.muted)
reply = check("status_reply", lambda: api.status_reply(status, "Een antwoord"), lambda r: r.in_reply_to_id == sid)
check("status_context descendants", lambda: api.status_context(sid), lambda r: r.descendants[0].id == reply.id)
key = str(time.time())
first = check("idempotency_key", lambda: api.status_post("Eén keer", idempotency_key=key))
check("idempotency_key again", lambda: api.status_post("Eén keer", idempotency_key=key), lambda r: r.id == first.id)
poll = check("make_poll", lambda: api.status_post("Soep of brood?", poll=api.make_poll(["Soep", "Brood"], expires_in=3600)), lambda r: len(r.poll.options) == 2)
if poll:
    check("poll", lambda: api.poll(poll.poll.id), lambda r: not r.expired)
    check("poll_vote", lambda: (friend or api).poll_vote(poll.poll.id, [1]), lambda r: r.own_votes == [1])
media = check("media_post", lambda: api.media_post(png(40, 30), mime_type="image/png", description="Een vlak", focus=(0.1, -0.2)), lambda r: r.meta.original.width == 40)
if media:
    check("media", lambda: api.media(media), lambda r: r.description == "Een vlak")
    check("media_update", lambda: api.media_update(media, description="Een groen vlak"), lambda r: "groen" in r.description)
    check("status_post media", lambda: api.status_post("Kijk", media_ids=[media], sensitive=True), lambda r: r.media_attachments[0].type == "image")
    check("account_statuses only_media", lambda: api.account_statuses(me.id, only_media=True), lambda r: len(r) == 1)
for visibility in ("unlisted", "private"):
    check(f"visibility {visibility}", lambda v=visibility: api.status_post("Zacht gezegd", visibility=v), lambda r, v=visibility: r.visibility == v)
quote = check("status_post quoted", lambda: api.status_post("Zie ook", quoted_status_id=sid), lambda r: r.quote.quoted_status.id == sid)
check("status_quotes", lambda: api.status_quotes(sid), lambda r: r[0].id == quote.id)
check("toot", lambda: api.toot("Kort"), lambda r: "Kort" in r.content)
check("search_v1", lambda: api.search_v1("iedereen"))
check("trends", api.trends)
check("get_supported_version", api.get_supported_version)
check("verify_minimum_version", lambda: api.verify_minimum_version("4.0.0"), lambda r: r)
check("get_approx_server_time", api.get_approx_server_time)
check("get_pagination_info", lambda: api.get_pagination_info(api.timeline_home(limit=1), "next"))
check("pagination_iterator", lambda: list(api.pagination_iterator(api.account_statuses(me.id, limit=3))), lambda r: len(r) > 3)
check("generate_media_edit_attributes", lambda: api.generate_media_edit_attributes(1, description="x"))
check("decode_blurhash", lambda: api.decode_blurhash(media, out_size=(8, 8)), lambda r: len(r) > 0)
check("account_delete_avatar", lambda: api.account_delete_avatar(), lambda r: "person.png" in r.avatar)
check("account_delete_header", lambda: api.account_delete_header())

# -- filters
made = check("create_filter_v2", lambda: api.create_filter_v2("Sport", ["home", "public"], "warn", expires_in=3600, keywords_attributes=[{"keyword": "voetbal", "whole_word": True}]), lambda r: r.keywords[0].keyword == "voetbal")
check("filter_v2", lambda: api.filter_v2(made), lambda r: r.title == "Sport")
check("update_filter_v2", lambda: api.update_filter_v2(made, title="Bal", context=["home"], filter_action="hide"), lambda r: r.filter_action == "hide")
word = check("add_filter_keyword_v2", lambda: api.add_filter_keyword_v2(made, "hockey"), lambda r: r.keyword == "hockey")
check("filter_keywords_v2", lambda: api.filter_keywords_v2(made), lambda r: len(r) == 2)
check("delete_filter_keyword_v2", lambda: api.delete_filter_keyword_v2(word) or True)
held = check("add_filter_status_v2", lambda: api.add_filter_status_v2(made, sid), lambda r: str(r.status_id) == str(sid))
check("filter_statuses_v2", lambda: api.filter_statuses_v2(made), lambda r: len(r) == 1)
check("filter_status_v2", lambda: api.filter_status_v2(held), lambda r: r.id == held.id)
check("delete_filter_status_v2", lambda: api.delete_filter_status_v2(held) or True)
if friend:
    ball = friend.status_post("Voetbal vanavond?")
    check("filtered", lambda: api.status(ball.id), lambda r: r.filtered[0].keyword_matches == ["voetbal"])
check("delete_filter_v2", lambda: api.delete_filter_v2(made) or True)
old = check("filter_create", lambda: api.filter_create("spoiler", ["home"], expires_in=600), lambda r: r.phrase == "spoiler")
check("filter", lambda: api.filter(old), lambda r: r.whole_word)
check("filter_update", lambda: api.filter_update(old, phrase="verklapt", context=["home"]), lambda r: r.phrase == "verklapt")
check("filters_apply", lambda: api.filters_apply(api.timeline_home(), api.filters(), "home"))
check("filter_delete", lambda: api.filter_delete(old) or True)

# -- later
when = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(hours=1)
later = check("status_post scheduled_at", lambda: api.status_post("Straks", scheduled_at=when), lambda r: r.params.text == "Straks")
check("scheduled_statuses", api.scheduled_statuses, lambda r: r[0].id == later.id)
check("scheduled_status", lambda: api.scheduled_status(later), lambda r: r.id == later.id)
check("scheduled_status_update", lambda: api.scheduled_status_update(later, when + datetime.timedelta(hours=1)), lambda r: r.scheduled_at > when)
check("scheduled_status_delete", lambda: api.scheduled_status_delete(later) or True)

# -- hashtags
check("tag_follow", lambda: api.tag_follow("koffie"), lambda r: r.following)
check("followed_tags listed", api.followed_tags, lambda r: r[0].name == "koffie")
check("tag_unfollow", lambda: api.tag_unfollow("koffie"), lambda r: not r.following)
shown = check("featured_tag_create", lambda: api.featured_tag_create("lezen"), lambda r: r.name == "lezen")
check("featured_tag_suggestions", api.featured_tag_suggestions)
check("featured_tag_delete", lambda: api.featured_tag_delete(shown) or True)
check("tag_feature", lambda: api.tag_feature("lezen"))
check("tag_unfeature", lambda: api.tag_unfeature("lezen"))

# -- servers
check("domain_block", lambda: api.domain_block("spam.example") or True)
check("domain_blocks listed", api.domain_blocks, lambda r: list(r) == ["spam.example"])
check("domain_unblock", lambda: api.domain_unblock("spam.example") or True)

gone = check("status_post to delete", lambda: api.status_post("Weg ermee"))
check("status_delete", lambda: api.status_delete(gone.id), lambda r: "Weg" in r.text)
refused("status after status_delete", MastodonNotFoundError, lambda: api.status(gone.id))
refused("status_post empty", MastodonAPIError, lambda: api.status_post("  "))
refused("status_translate", MastodonAPIError, lambda: api.status_translate(sid))

# -- groups
group = check("account_lookup group", lambda: api.account_lookup(GROUP), lambda r: r.group and not r.bot)
if group:
    posted = check("status_post into a group", lambda: api.status_post(f"Wat lezen jullie? @{GROUP}"), lambda r: r.kring.group.id == str(group.id))
    if friend:
        check("account_follow", lambda: friend.account_follow(group.id), lambda r: r.following or r.requested)
        check("account_relationships", lambda: friend.account_relationships([group.id]), lambda r: r[0].following)
        check("status_post as a member", lambda: friend.status_post(f"Ik een krimi, @{GROUP}"))
    lists = check("lists", api.lists, lambda r: any(str(entry.id) == str(group.id) for entry in r))
    check("list", lambda: api.list(group.id), lambda r: r.title)
    check("list_accounts", lambda: api.list_accounts(group.id), lambda r: any(a.id == me.id for a in r))
    check("timeline_list", lambda: api.timeline_list(group.id), lambda r: any(s.id == posted.id for s in r))
    check("account_statuses of a group", lambda: api.account_statuses(group.id), lambda r: r[0].reblog is not None)
    refused("list_update of a group", MastodonAPIError, lambda: api.list_update(group.id, "x"))

# -- timelines and pages
for _ in range(20):
    home = api.timeline_home()
    if len(home) >= 6:
        break
    time.sleep(0.3)
check("timeline_home", api.timeline_home, lambda r: len(r) >= 6)
check("timeline_local", api.timeline_local, lambda r: len(r) > 0)
check("timeline_public", api.timeline_public, lambda r: len(r) > 0)
check("timeline_hashtag", lambda: api.timeline_hashtag("lezen"), lambda r: any(s.id == sid for s in r))
check("timeline home", lambda: api.timeline("home"))
page = check("timeline_home limit", lambda: api.timeline_home(limit=2), lambda r: len(r) == 2)
second = check("fetch_next", lambda: api.fetch_next(page), lambda r: len(r) > 0 and int(r[0].id) < int(page[-1].id))
check("fetch_previous", lambda: api.fetch_previous(second), lambda r: r[-1].id == page[-1].id)
check("fetch_remaining", lambda: api.fetch_remaining(api.timeline_home(limit=2)), lambda r: len(r) >= 6)
check("account_statuses", lambda: api.account_statuses(me.id, exclude_replies=True, exclude_reblogs=True), lambda r: all(s.in_reply_to_id is None for s in r))
check("account_statuses pinned", lambda: api.account_statuses(me.id, pinned=True))
check("trending_tags", api.trending_tags)
check("trending_statuses", api.trending_statuses)
check("trending_links", api.trending_links)
check("tag", lambda: api.tag("lezen"), lambda r: r.name == "lezen")
check("search", lambda: api.search("iedereen"), lambda r: any(s.id == sid for s in r.statuses))
check("search_v2 accounts", lambda: api.search_v2(f"@{me.acct}", result_type="accounts"), lambda r: r.accounts[0].id == me.id)
check("search by address", lambda: api.search_v2(status.url), lambda r: r.statuses[0].id == sid)
check("markers_set", lambda: api.markers_set(["home"], [home[0].id]), lambda r: str(r.home.last_read_id) == str(home[0].id))
check("markers_get", lambda: api.markers_get(["home", "notifications"]), lambda r: "home" in r)

# -- each other
if friend:
    them = check("friend me", friend.me)
    check("account_follow person", lambda: api.account_follow(them.id), lambda r: r.following)
    check("account_endorse", lambda: api.account_endorse(them.id), lambda r: r.endorsed)
    check("endorsements listed", api.endorsements, lambda r: r[0].id == them.id)
    check("account_unendorse", lambda: api.account_unendorse(them.id), lambda r: not r.endorsed)
    check("account_pin", lambda: api.account_pin(them.id), lambda r: r.endorsed)
    check("account_unpin", lambda: api.account_unpin(them.id), lambda r: not r.endorsed)
    mine = check("list_create", lambda: api.list_create("Buren", replies_policy="none"), lambda r: r.title == "Buren")
    check("list_accounts_add", lambda: api.list_accounts_add(mine, [them.id]) or True)
    check("list_accounts of one's own", lambda: api.list_accounts(mine), lambda r: r[0].id == them.id)
    check("account_lists listed", lambda: api.account_lists(them.id), lambda r: r[0].id == mine.id)
    check("timeline_list of one's own", lambda: api.timeline_list(mine), lambda r: len(r) > 0)
    check("list_update", lambda: api.list_update(mine, "Buurvrouwen"), lambda r: r.title == "Buurvrouwen")
    check("list_accounts_delete", lambda: api.list_accounts_delete(mine, [them.id]) or True)
    check("list_delete", lambda: api.list_delete(mine) or True)
    check("account_unfollow", lambda: api.account_unfollow(them.id), lambda r: not r.following)
    check("account_mute", lambda: api.account_mute(them.id, duration=600), lambda r: r.muting)
    check("mutes listed", api.mutes, lambda r: r[0].id == them.id)
    check("account_unmute", lambda: api.account_unmute(them.id), lambda r: not r.muting)
    check("account_block", lambda: api.account_block(them.id), lambda r: r.blocking)
    check("blocks listed", api.blocks, lambda r: r[0].id == them.id)
    check("account_unblock", lambda: api.account_unblock(them.id), lambda r: not r.blocking)
    check("account_note_set", lambda: api.account_note_set(them.id, "aardig"), lambda r: r.note == "aardig")
    check("account_remove_from_followers", lambda: api.account_remove_from_followers(them.id))
    direct = check("direct", lambda: friend.status_post(f"@{me.acct} onder ons", visibility="direct"), lambda r: r.visibility == "direct")
    check("mention", lambda: friend.status_post(f"Hoi @{me.acct}"))
    for _ in range(30):
        if len(api.notifications()) >= 2:
            break
        time.sleep(0.3)
    notes = check("notifications", api.notifications, lambda r: any(n.type == "mention" for n in r))
    check("notifications types", lambda: api.notifications(types=["follow"]), lambda r: all(n.type == "follow" for n in r))
    check("notifications exclude", lambda: api.notifications(exclude_types=["mention"]), lambda r: all(n.type != "mention" for n in r))
    if notes:
        check("notification", lambda: api.notifications(id=notes[0].id), lambda r: r.id == notes[0].id)
    check("grouped_notifications", api.grouped_notifications, lambda r: len(r.notification_groups) > 0)
    check("notifications_unread_count", api.notifications_unread_count, lambda r: r.count > 0)
    key = check("grouped_notifications key", api.grouped_notifications, lambda r: r.notification_groups[0].group_key)
    if key:
        key = key.notification_groups[0].group_key
        check("grouped_notification", lambda: api.grouped_notification(key), lambda r: len(r.notification_groups) == 1)
        check("grouped_notification_accounts", lambda: api.grouped_notification_accounts(key), lambda r: len(r) == 1)
        check("dismiss_grouped_notification", lambda: api.dismiss_grouped_notification(key) or True)
    check("unread_grouped_notifications_count", lambda: api.unread_grouped_notifications_count())
    check("notifications_policy", api.notifications_policy)
    check("update_notifications_policy", lambda: api.update_notifications_policy(for_not_following="filter"), lambda r: r.for_not_following == "filter")
    friend.status_post(f"Nog eens, @{me.acct}")
    for _ in range(30):
        if len(api.notification_requests()) > 0:
            break
        time.sleep(0.3)
    waiting = check("notification_requests", api.notification_requests, lambda r: r[0].account.id == them.id)
    if waiting:
        check("notification_request", lambda: api.notification_request(waiting[0]), lambda r: r.account.id == them.id)
        check("accept_notification_request", lambda: api.accept_notification_request(waiting[0]) or True)
    check("notifications_merged", api.notifications_merged)
    api.update_notifications_policy(for_not_following="accept")

    # -- push: encrypted by Kring, read by what others wrote
    class Service(http.server.BaseHTTPRequestHandler):
        heard = []

        def do_POST(self):
            body = self.rfile.read(int(self.headers["content-length"]))
            Service.heard.append((dict((k.lower(), v) for k, v in self.headers.items()), body))
            self.send_response(201)
            self.end_headers()

        def log_message(self, *_):
            pass

    service = http.server.HTTPServer(("127.0.0.1", 0), Service)
    threading.Thread(target=service.serve_forever, daemon=True).start()
    endpoint = f"http://127.0.0.1:{service.server_port}/send"
    secret, public = check("push_subscription_generate_keys", api.push_subscription_generate_keys)
    check("push_subscription_set", lambda: api.push_subscription_set(endpoint, public, mention_events=True), lambda r: r.alerts.mention)
    check("push_subscription", api.push_subscription, lambda r: r.endpoint == endpoint)
    friend.status_post(f"Een duwtje voor @{me.acct}")
    for _ in range(50):
        if Service.heard:
            break
        time.sleep(0.2)

    def draft():
        headers, body = Service.heard[0]
        return api.push_subscription_decrypt_push(body, secret, headers["encryption"], headers["crypto-key"])

    check("push_subscription_decrypt_push", draft, lambda r: "duwtje" in r.body and r.notification_type == "mention")

    # Mastodon.py knows `standard` and does not send it.
    def subscribe():
        encoded = {name: base64.urlsafe_b64encode(value).decode() for name, value in (("p256dh", public["pubkey"]), ("auth", public["auth"]))}
        body = {"subscription": {"endpoint": endpoint, "standard": True, "keys": encoded}, "data": {"alerts": {"mention": True}}}
        answer = requests.post(f"{BASE}/api/v1/push/subscription", json=body, headers={"Authorization": f"Bearer {os.environ['KRING_TOKEN']}"})
        return answer.json()

    check("push subscription as the standard says", subscribe, lambda r: r["standard"])
    Service.heard.clear()
    friend.status_post(f"En nog een voor @{me.acct}")
    for _ in range(50):
        if Service.heard:
            break
        time.sleep(0.2)

    def standard():
        headers, body = Service.heard[0]
        assert headers["content-encoding"] == "aes128gcm"
        key = ec.derive_private_key(secret["privkey"], ec.SECP256R1())
        return json.loads(http_ece.decrypt(body, private_key=key, auth_secret=secret["auth"], version="aes128gcm"))

    check("push as RFC 8291", standard, lambda r: "nog een" in r["body"])
    check("push_subscription_update", lambda: api.push_subscription_update(mention_events=False, poll_events=True), lambda r: not r.alerts.mention and r.alerts.poll)
    check("push_subscription_delete", lambda: api.push_subscription_delete() or True)
    refused("push_subscription after delete", MastodonNotFoundError, api.push_subscription)
    talks = check("conversations", api.conversations, lambda r: r[0].last_status.id == direct.id)
    if talks:
        check("conversations_read", lambda: api.conversations_read(talks[0].id), lambda r: not r.unread)
    check("report", lambda: api.report(them.id, comment="proef"), lambda r: r.id)

    # -- streaming
    class Listener(StreamListener):
        def __init__(self):
            self.updates, self.notices, self.deletes = [], [], []

        def on_update(self, status):
            self.updates.append(status)

        def on_notification(self, notification):
            self.notices.append(notification)

        def on_delete(self, status_id):
            self.deletes.append(status_id)

    listener = Listener()
    stream = api.stream_user(listener, run_async=True, timeout=30)
    check("stream_healthy", api.stream_healthy)
    time.sleep(1)
    live = friend.status_post(f"Live @{GROUP} en @{me.acct}")
    for _ in range(50):
        if listener.updates and listener.notices:
            break
        time.sleep(0.2)
    friend.status_delete(live.id)
    for _ in range(50):
        if listener.deletes:
            break
        time.sleep(0.2)
    check("stream_user update", lambda: listener.updates, lambda r: any(s.reblog and s.reblog.id == live.id for s in r))
    check("stream_user notification", lambda: listener.notices, lambda r: r and r[0].type == "mention")
    check("stream_user delete", lambda: listener.deletes, lambda r: live.id in [str(i) for i in r] or live.id in r)
    stream.close()
    check("notifications_dismiss", lambda: api.notifications_dismiss(api.notifications()[0].id) or True)
    check("notifications_clear", lambda: api.notifications_clear() or True)

for failure in failures:
    print("Mastodon.py failed:", failure)
methods = {name.split()[0] for name in called if hasattr(Mastodon, name.split()[0])}
print(f"Mastodon.py: {len(methods)} methods, {len(called)} calls, {passed} passed, {len(failures)} failed")
sys.exit(1 if failures else 0)
