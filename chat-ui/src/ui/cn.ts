import { type ClassValue, clsx } from "clsx";
import { twMerge } from "tailwind-merge";

/** Joins class names; of two Tailwind classes about the same property the later one stays. */
export function cn(...classes: readonly ClassValue[]): string {
  return twMerge(clsx(classes));
}
