// Whether the screen is narrow: tables then have rows of two lines.

import { Cell, useCell } from "../live/cell.ts";

const question = matchMedia("(max-width: 719px)");
const narrow = new Cell(question.matches);
question.addEventListener("change", () => narrow.set(question.matches));

export const useNarrow = (): boolean => useCell(narrow);
