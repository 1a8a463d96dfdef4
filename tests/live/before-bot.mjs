// What activitypub-bot takes for granted and the packages at hand lack; to be loaded before it.
import { createRequire } from "node:module";
import { contexts } from "@digitalbazaar/data-integrity-context";
const require = createRequire(import.meta.url);

// It asks for activitystrea.ms 4; this is what 3.1 lacks of it. Contexts come from what was registered, never from elsewhere.
const Loader = require("activitystrea.ms/src/contextloader.js");
const known = Loader.defaultInstance;
for (const [url, context] of contexts) known.register(url, context);
Loader.prototype.makeDocLoader = () => async (url) => {
  if (!known.get(url)) throw new Error(`a context that is not at hand: ${url}`);
  return { contextUrl: null, document: known.get(url), documentUrl: url };
};
const as2 = require("activitystrea.ms");
const reasoner = require("activitystrea.ms/src/reasoner.js");
const Environment = require("activitystrea.ms/src/environment.js");
const activity = "https://www.w3.org/ns/activitystreams#Activity";
as2.registerContext = (url, context) => known.register(url, context);
Object.defineProperty(Environment.prototype, "origContext", { get() { return this.originalContext; } });
Object.defineProperty(as2.models.Base.prototype, "isActivity", {
  value() { return [this.type].flat().some((type) => type && reasoner.node(type).is(activity)); },
});

// Sequelize wants the driver as one object.
require("sqlite3");
const driver = require.cache[require.resolve("sqlite3")];
driver.exports = driver.exports.default;
