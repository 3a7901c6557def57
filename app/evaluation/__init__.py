"""Questions with known answers, and the measures that say how well they are answered."""
