// What Fedify takes for granted and Node 20 lacks.
ArrayBuffer.prototype.transfer ??= function (length = this.byteLength) {
  const copy = new ArrayBuffer(length);
  new Uint8Array(copy).set(new Uint8Array(this, 0, Math.min(length, this.byteLength)));
  return copy;
};
globalThis.navigator ??= { userAgent: `Node.js/${process.versions.node.split(".")[0]}` };
