"""A made-up company with a known truth, built through the product's own doors: `verkan demo`."""
