// A browser without a screen: keeps cookies, and goes wherever it is sent.

/** One browser with one cookie jar. All hosts here are loopback, and cookies ignore ports. */
export class Browser {
  #cookies = new Map();

  /** Opens an address, or posts `form` there. A redirect is not followed. */
  async open(url, form) {
    const answer = await fetch(url, {
      method: form ? "POST" : "GET",
      body: form,
      redirect: "manual",
      headers: { cookie: [...this.#cookies].map((pair) => pair.join("=")).join("; ") },
    });
    for (const cookie of answer.headers.getSetCookie()) {
      const [, name, value] = /^([^=]+)=([^;]*)/.exec(cookie);
      if (/;\s*max-age=0/i.test(cookie)) this.#cookies.delete(name);
      else this.#cookies.set(name, value);
    }
    return answer;
  }

  /** Opens an address and follows until it is sent to `destination`, which is not opened. */
  async walk(url, destination) {
    let next = new URL(url);
    for (let steps = 0; steps < 20; steps += 1) {
      const answer = await this.open(next);
      const location = answer.headers.get("location");
      if (!location) throw new Error(`stopped at ${next}: ${answer.status} ${await answer.text()}`);
      next = new URL(location, next);
      if (next.href.split("?")[0] === destination) return next;
    }
    throw new Error(`it goes round: ${next}`);
  }
}

/** Where the form on a page goes, and its hidden fields. */
export function form(page) {
  const text = (html) =>
    html.replace(/&#(\d+);/g, (_, code) => String.fromCodePoint(code)).replace(/&amp;/g, "&");
  const fields = new URLSearchParams();
  for (const [, name, value] of page.matchAll(/name="([^"]*)" value="([^"]*)"/g)) {
    fields.append(text(name), text(value));
  }
  return { action: text(/<form[^>]* action="([^"]*)"/.exec(page)[1]), fields };
}
