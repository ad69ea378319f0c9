namespace RaftLog.TestKit;

/// <summary>The difference of two texts by lines, with a few equal lines around each change, as <c>diff -u</c> shows it.</summary>
public static class LineDifference
{
    private const int Context = 3;
    private const int MostShown = 60;

    /// <summary>The difference; empty when the texts are equal. At most 60 lines, then how many more there are.</summary>
    public static string Of(string expected, string actual)
    {
        List<(char Mark, string Line)> all = Compare(expected.Split('\n'), actual.Split('\n'));
        List<string> shown = [];
        int last = -1;
        for (int at = 0; at < all.Count; at++)
        {
            if (!IsNearChange(all, at))
            {
                continue;
            }

            if (at > last + 1 && shown.Count > 0)
            {
                shown.Add("   ...");
            }

            shown.Add($"{all[at].Mark} {all[at].Line}");
            last = at;
        }

        return shown.Count <= MostShown
            ? string.Join('\n', shown)
            : string.Join('\n', shown.Take(MostShown)) + $"\n   ... and {shown.Count - MostShown} lines more";
    }

    private static bool IsNearChange(List<(char Mark, string Line)> all, int at)
    {
        for (int near = Math.Max(0, at - Context); near <= Math.Min(all.Count - 1, at + Context); near++)
        {
            if (all[near].Mark != ' ')
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>The longest common subsequence of lines stays; all else is removed or added.</summary>
    private static List<(char Mark, string Line)> Compare(string[] left, string[] right)
    {
        int[,] common = new int[left.Length + 1, right.Length + 1];
        for (int l = left.Length - 1; l >= 0; l--)
        {
            for (int r = right.Length - 1; r >= 0; r--)
            {
                common[l, r] = left[l] == right[r] ? common[l + 1, r + 1] + 1 : Math.Max(common[l + 1, r], common[l, r + 1]);
            }
        }

        List<(char Mark, string Line)> lines = [];
        int i = 0;
        int j = 0;
        while (i < left.Length || j < right.Length)
        {
            if (i < left.Length && j < right.Length && left[i] == right[j])
            {
                lines.Add((' ', left[i++]));
                j++;
            }
            else if (j == right.Length || (i < left.Length && common[i + 1, j] >= common[i, j + 1]))
            {
                lines.Add(('-', left[i++]));
            }
            else
            {
                lines.Add(('+', right[j++]));
            }
        }

        return lines;
    }
}
