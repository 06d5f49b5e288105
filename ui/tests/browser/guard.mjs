// What must never happen, whatever is looked at: errors, breaches of the policy, dialogs, elements nobody made, strangers asked.

const LISTEN = () => {
  window.__breaches = [];
  addEventListener("securitypolicyviolation", (event) => window.__breaches.push(`${event.violatedDirective}: ${event.blockedURI} ${event.sample}`));
};

/** Elements and attributes that the page never makes. */
const FOREIGN = () => {
  const found = [...document.querySelectorAll("img, iframe, object, embed, video, audio, base, style, body script, meta[http-equiv]")].map((element) => element.outerHTML.slice(0, 80));
  for (const element of document.querySelectorAll("*")) {
    for (const { name, value } of element.attributes) {
      if (name.startsWith("on") || /^\s*javascript:/i.test(value)) found.push(`${element.tagName} ${name}=${value}`);
    }
  }
  return found;
};

export class Guard {
  constructor(page, base) {
    this.page = page;
    this.origin = new URL(base).origin;
    this.heard = [];
    /** Answers that a look provokes on purpose, by status. */
    this.expected = new Set();
  }

  async begin() {
    const { page } = this;
    await page.addInitScript(LISTEN);
    page.on("console", (message) => {
      const provoked = [...this.expected].some((status) => message.text().includes(`${status}`));
      if (["error", "warning"].includes(message.type()) && !provoked) this.heard.push(`the console says: ${message.text()}`);
    });
    page.on("pageerror", (error) => this.heard.push(`an error nobody caught: ${error.message}`));
    page.on("dialog", (dialog) => {
      this.heard.push(`a dialog: ${dialog.message()}`);
      void dialog.dismiss();
    });
    page.on("request", (request) => {
      if (new URL(request.url()).origin !== this.origin) this.heard.push(`somebody else was asked: ${request.url()}`);
    });
    page.on("response", (response) => {
      if (response.status() >= 400 && !this.expected.has(response.status())) this.heard.push(`${response.status()} for ${response.url()}`);
    });
  }

  async check() {
    this.heard.push(...(await this.page.evaluate(() => window.__breaches?.splice(0) ?? [])).map((breach) => `the policy was broken: ${breach}`));
    this.heard.push(...(await this.page.evaluate(FOREIGN)).map((element) => `an element nobody made: ${element}`));
    const heard = this.heard.splice(0);
    if (heard.length > 0) throw new Error(heard.join("; "));
  }

  forget() {
    this.heard = [];
  }
}
