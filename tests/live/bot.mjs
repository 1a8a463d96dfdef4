// A small server built on activitypub-bot: bea, who keeps whatever comes in, and a group.
import { Bot, GroupBot, makeApp } from "@evanp/activitypub-bot";
import { answer } from "./tls.mjs";

export const short = (type) => [type].flat()[0]?.split("#").pop();

class Club extends GroupBot {
  get does() {
    return this._context;
  }
}

class Keeper extends Bot {
  /** { type, actor, object, text }: what was delivered to her, and what was public. */
  inbox = [];
  heard = [];
  /** Ids of what mentions her, of what of hers was liked, and of who followed and left. */
  mentions = [];
  liked = [];
  joined = [];
  left = [];

  get does() {
    return this._context;
  }

  #note(list, activity) {
    const object = activity.object?.first;
    list.push({ type: short(activity.type), actor: activity.actor?.first?.id, object: object?.id, text: object?.content?.get() });
  }

  async handleActivity(activity) {
    this.#note(this.inbox, activity);
    return false;
  }

  async onPublic(activity) {
    this.#note(this.heard, activity);
  }

  async onMention(object) {
    this.mentions.push(object.id);
  }

  async onLike(object) {
    this.liked.push(object.id);
  }

  async onFollow(actor) {
    this.joined.push(actor.id);
  }

  async onUndoFollow(actor) {
    this.left.push(actor.id);
  }
}

export async function start(name) {
  const bea = new Keeper("bea", { fullname: "Bea Bot", description: "Onthoudt alles." });
  const club = new Club("kookclub", { fullname: "Kookclub" });
  const app = await makeApp({
    databaseUrl: "sqlite::memory:",
    origin: `https://${name}`,
    bots: { bea, kookclub: club },
    logLevel: process.env.LIVE_LOG ?? "silent",
    allowPrivateNetworkRequests: true,
    trustProxy: "loopback",
  });
  const server = await new Promise((done) => {
    const server = app.listen(0, "127.0.0.1", () => done(server));
  });
  answer(name, server.address().port);
  const failed =
    "SELECT queue_id, last_error FROM failed_job UNION ALL SELECT queue_id, last_error FROM job WHERE last_error IS NOT NULL";
  return {
    bea,
    club,
    /** What it could not do. */
    failed: async () => (await app.locals.connection.query(failed))[0],
    stop: async () => {
      server.close();
      server.closeAllConnections();
      await app.cleanup();
    },
  };
}
