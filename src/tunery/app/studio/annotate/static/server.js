// Talking to the REST API as the person who is signed in.

export class Server {
  /** @param {{api: string, csrf: string, language: string}} config */
  constructor({ api, csrf, language }) {
    this.api = api;
    this.headers = { "X-CSRF-Token": csrf, "Accept-Language": language };
  }

  /** Ask for something; `body` makes it a POST unless `method` says otherwise. */
  ask(path, body, { method = body === undefined ? "GET" : "POST", keepalive = false } = {}) {
    const content = body === undefined ? {} : { body: JSON.stringify(body) };
    const headers = body === undefined ? this.headers : { ...this.headers, "Content-Type": "application/json" };
    return fetch(this.api + path, { method, headers, credentials: "same-origin", cache: "no-store", keepalive, ...content });
  }

  /** Ask, and return what is answered; an answer that refuses is an error. */
  async get(path, body) {
    const response = await this.ask(path, body);
    if (!response.ok) throw Object.assign(new Error(`${response.status}`), { status: response.status });
    return response.json();
  }
}
