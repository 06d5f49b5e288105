// Begins: the theme, the session, the page.

import { render } from "preact";
import "uplot/dist/uPlot.min.css";
import "./styles/tokens.css";
import "./styles/base.css";
import "./styles/shell.css";
import "./styles/parts.css";
import "./styles/charts.css";
import "./styles/pages.css";
import "./styles/narrow.css";
import "./styles/print.css";
import { App } from "./app.tsx";
import { begin } from "./live/session.ts";
import { apply } from "./parts/theme.ts";

apply();
void begin();
const home = document.getElementById("page");
if (home) render(<App />, home);
