import { type ClassValue, clsx } from "clsx";

/**
 * Joins class names. The looks of the primitives are in the `components` layer of the style sheet,
 * so that a utility class beside them always wins, in whatever order.
 */
export function cn(...classes: readonly ClassValue[]): string {
  return clsx(classes);
}
