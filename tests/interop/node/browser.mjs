// A headless browser that keeps cookies and follows redirects.

/** One browser with one cookie jar, because all hosts are loopback addresses and cookies ignore ports. */
export class Browser {
  #cookies = new Map();

  /** Opens an address, or posts `form` to it. Does not follow redirects. */
  async open(url, form) {
    const response = await fetch(url, {
      method: form ? "POST" : "GET",
      body: form,
      redirect: "manual",
      headers: { cookie: [...this.#cookies].map((pair) => pair.join("=")).join("; ") },
    });
    for (const cookie of response.headers.getSetCookie()) {
      const [, name, value] = /^([^=]+)=([^;]*)/.exec(cookie);
      if (/;\s*max-age=0/i.test(cookie)) this.#cookies.delete(name);
      else this.#cookies.set(name, value);
    }
    return response;
  }

  /** Opens an address and follows redirects until one leads to `destination`. Does not open that. */
  async walk(url, destination) {
    let next = new URL(url);
    for (let steps = 0; steps < 20; steps += 1) {
      const response = await this.open(next);
      const location = response.headers.get("location");
      if (!location) throw new Error(`stopped at ${next}: ${response.status} ${await response.text()}`);
      next = new URL(location, next);
      if (next.href.split("?")[0] === destination) return next;
    }
    throw new Error(`it goes round: ${next}`);
  }
}

/** The action of the form on a page, and its hidden fields. */
export function form(page) {
  const text = (html) =>
    html.replace(/&#(\d+);/g, (_, code) => String.fromCodePoint(code)).replace(/&amp;/g, "&");
  const fields = new URLSearchParams();
  for (const [, name, value] of page.matchAll(/name="([^"]*)" value="([^"]*)"/g)) {
    fields.append(text(name), text(value));
  }
  return { action: text(/<form[^>]* action="([^"]*)"/.exec(page)[1]), fields };
}
