// A small server built on Fedify: one person, ada, who writes notes and keeps whatever comes in.
import {
  Accept, Activity, Announce, Create, Delete, Document, Endpoints, Follow, Image, InProcessMessageQueue, Like, MemoryKvStore, Note,
  Person, Reject, Tombstone, Undo, Update, createFederation, generateCryptoKeyPair,
} from "@fedify/fedify";
import { answer, signatureOf } from "./tls.mjs";

/** `form`: which signature it sends first, and the only one it takes. */
export async function start(name, form) {
  const keys = [await generateCryptoKeyPair("RSASSA-PKCS1-v1_5"), await generateCryptoKeyPair("Ed25519")];
  const notes = new Map();
  const gone = new Set();
  const inbox = [];
  const errors = [];
  const federation = createFederation({
    kv: new MemoryKvStore(),
    queue: new InProcessMessageQueue(),
    allowPrivateAddress: true,
    firstKnock: form === "rfc9421" ? "rfc9421" : "draft-cavage-http-signatures-12",
    onOutboxError: (error) => errors.push(error),
  });
  federation
    .setActorDispatcher("/users/{identifier}", async (ctx, identifier) => {
      if (identifier !== "ada") return null;
      const pairs = await ctx.getActorKeyPairs(identifier);
      return new Person({
        id: ctx.getActorUri(identifier),
        preferredUsername: identifier,
        name: "Ada van Elders",
        inbox: ctx.getInboxUri(identifier),
        followers: ctx.getFollowersUri(identifier),
        endpoints: new Endpoints({ sharedInbox: ctx.getInboxUri() }),
        publicKey: pairs[0].cryptographicKey,
        assertionMethods: pairs.map((pair) => pair.multikey),
      });
    })
    .setKeyPairsDispatcher((_, identifier) => (identifier === "ada" ? keys : []));
  federation.setFollowersDispatcher("/users/{identifier}/followers", () => ({ items: [] }));
  federation.setNodeInfoDispatcher("/nodeinfo/2.1", () => ({
    software: { name: "fedify-live", version: { major: 1, minor: 0, patch: 0 } },
    protocols: ["activitypub"],
    usage: { users: { total: 1 }, localPosts: notes.size, localComments: 0 },
  }));
  federation.setObjectDispatcher(Note, "/users/{identifier}/notes/{id}", (_, { id }) => notes.get(id) ?? null);
  const listeners = federation.setInboxListeners("/users/{identifier}/inbox", "/inbox");
  listeners.setSharedKeyDispatcher(() => ({ identifier: "ada" }));
  for (const kind of [Follow, Accept, Reject, Create, Update, Delete, Announce, Like, Undo]) {
    listeners.on(kind, (_, activity) => void inbox.push(activity));
  }
  listeners.onError((_, error) => errors.push(error));
  const stop = new AbortController();
  federation.startQueue(undefined, { signal: stop.signal });
  answer(name, async (request) => {
    const signed = signatureOf(Object.fromEntries(request.headers));
    if (request.method === "POST" && form === "rfc9421" && signed !== "rfc9421") {
      return new Response(null, {
        status: 401,
        headers: { "accept-signature": 'sig1=("@method" "@target-uri" "content-digest");created;keyid="any"' },
      });
    }
    const note = new URL(request.url).pathname;
    if (gone.has(note)) return new Response(null, { status: 410 });
    return federation.fetch(request, {
      contextData: undefined,
      onNotFound: () => new Response(null, { status: 404 }),
      onNotAcceptable: () => new Response(null, { status: 406 }),
    });
  });
  const ctx = federation.createContext(new URL(`https://${name}/`), undefined);
  const me = ctx.getActorUri("ada");
  const send = (to, activity) => ctx.sendActivity({ identifier: "ada" }, to, activity, { immediate: true });
  return {
    name, form, ctx, me, send, inbox, errors, notes, gone,
    stop: () => stop.abort(),
    fresh: (kind) => new URL(`#${kind}/${crypto.randomUUID()}`, me),
    noteUri: (id) => ctx.getObjectUri(Note, { identifier: "ada", id }),
  };
}

export { Accept, Activity, Announce, Create, Delete, Document, Follow, Image, Like, Note, Tombstone, Undo, Update };
