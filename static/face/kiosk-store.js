// What a kiosk keeps in its browser: key and settings, and captures that could not be sent.
//
//   const store = await KioskStore.open();        throws when the browser keeps nothing
//   await store.set("key", "…"); await store.get("key");
//   await store.keep(capture);                    throws KioskStore.Full
//   await store.oldest(10, device); await store.drop(ids); await store.count(device);
//
// A capture: { id, at, device, staffNumber, frames: [Blob, …] }; `at` by the device's clock.

window.KioskStore = class KioskStore {
  static Full = class extends Error {};

  // About 100 MB at most. Older ones are never thrown away for newer ones.
  static MOST = 300;

  static open() {
    return new Promise((done, fail) => {
      const request = indexedDB.open("face-kiosk", 1);
      request.onupgradeneeded = () => {
        request.result.createObjectStore("settings");
        request.result.createObjectStore("captures", { keyPath: "id" }).createIndex("at", "at");
      };
      request.onsuccess = () => done(new KioskStore(request.result));
      request.onerror = request.onblocked = () => fail(request.error ?? new Error("blocked"));
    });
  }

  constructor(database) {
    this.database = database;
    navigator.storage?.persist?.(); // so that it is not cleared when the disk is full
  }

  get(name) {
    return this.#do("settings", "readonly", (rows) => rows.get(name));
  }

  set(name, value) {
    return this.#do("settings", "readwrite", (rows) => rows.put(value, name));
  }

  remove(name) {
    return this.#do("settings", "readwrite", (rows) => rows.delete(name));
  }

  async keep(capture) {
    if ((await this.#all()).length >= KioskStore.MOST) throw new KioskStore.Full();
    await this.#do("captures", "readwrite", (rows) => rows.put(capture));
  }

  async oldest(number, device) {
    return (await this.#all()).filter((capture) => capture.device === device).slice(0, number);
  }

  async count(device) {
    return (await this.oldest(Infinity, device)).length;
  }

  // Of every other device that was paired here before.
  async others(device) {
    return (await this.#all()).filter((capture) => capture.device !== device);
  }

  drop(ids) {
    return this.#do("captures", "readwrite", (rows) => {
      for (const id of ids) rows.delete(id);
    });
  }

  #all() {
    return this.#do("captures", "readonly", (rows) => rows.index("at").getAll());
  }

  // Settled when it is written, not when it is asked for.
  #do(name, mode, work) {
    return new Promise((done, fail) => {
      const transaction = this.database.transaction(name, mode, { durability: "strict" });
      const request = work(transaction.objectStore(name));
      transaction.oncomplete = () => done(request?.result);
      transaction.onerror = transaction.onabort = () => fail(transaction.error);
    });
  }
};
