namespace RaftLog.Broker.Configuration;

/// <summary>Finds what a misspelled word was meant to be.</summary>
internal static class Spelling
{
    private const int LongestWord = 128;

    /// <summary>The candidate with the fewest edits to <paramref name="word"/>, if these are few for its length; else null.</summary>
    public static string? Closest(string word, IEnumerable<string> candidates)
    {
        int best = Math.Max(2, word.Length / 4) + 1;
        string? closest = null;
        foreach (string candidate in candidates)
        {
            if (
                word.Length <= LongestWord
                && Math.Abs(candidate.Length - word.Length) < best
                && Edits(word, candidate) is var edits
                && edits < best
            )
            {
                best = edits;
                closest = candidate;
            }
        }

        return closest;
    }

    /// <summary>Insertions, deletions and replacements from one word to the other, letter case aside (Levenshtein distance).</summary>
    private static int Edits(string from, string to)
    {
        Span<int> row = stackalloc int[LongestWord + 1];
        for (int i = 0; i <= from.Length; i++)
        {
            row[i] = i;
        }

        foreach (char wanted in to)
        {
            int diagonal = row[0];
            row[0]++;
            for (int i = 1; i <= from.Length; i++)
            {
                int cost = char.ToLowerInvariant(from[i - 1]) == char.ToLowerInvariant(wanted) ? 0 : 1;
                int replaced = diagonal + cost;
                diagonal = row[i];
                row[i] = Math.Min(replaced, Math.Min(row[i], row[i - 1]) + 1);
            }
        }

        return row[from.Length];
    }
}
