namespace RaftLog.Differential.Tests.Comparison;

/// <summary>A field that differs from Kafka's on purpose.</summary>
/// <param name="Api">The API.</param>
/// <param name="Case">The case's name, or * for all cases of the API.</param>
/// <param name="Path">The field's path; * stands for anything.</param>
/// <param name="Reason">Why it differs.</param>
internal sealed record IntendedDifference(string Api, string Case, string Path, string Reason)
{
    /// <summary>True when this entry speaks of the field.</summary>
    public bool Covers(string caseName, string path) => Matches(Case, caseName) && Matches(Path, path);

    private static bool Matches(string pattern, string text)
    {
        string[] parts = pattern.Split('*');
        if (parts.Length == 1)
        {
            return pattern == text;
        }

        if (!text.StartsWith(parts[0], StringComparison.Ordinal))
        {
            return false;
        }

        int at = parts[0].Length;
        foreach (string part in parts[1..^1])
        {
            int found = text.IndexOf(part, at, StringComparison.Ordinal);
            if (found < 0)
            {
                return false;
            }

            at = found + part.Length;
        }

        return text.Length - at >= parts[^1].Length && text.EndsWith(parts[^1], StringComparison.Ordinal);
    }
}
