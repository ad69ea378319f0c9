using RaftLog.Differential.Tests.Peers;
using Xunit.Sdk;

namespace RaftLog.Differential.Tests.Comparison;

/// <summary>The same steps on both nodes, compared field by field.</summary>
internal static class Script
{
    private const string Absent = "<absent>";

    /// <summary>Runs all steps; fails with every difference that is not intended, and every intended one that is none.</summary>
    public static async Task CompareAsync(BothNodes nodes, string api, params Case[] cases)
    {
        IntendedDifference[] intended = [.. IntendedDifferences.All.Where(entry => entry.Api == api && !BothNodes.IsSelfComparison)];
        HashSet<IntendedDifference> used = [];
        List<string> faults = [];
        foreach (Case step in cases)
        {
            Flattened expected = await step.RunAsync(nodes.Kafka);
            Flattened actual = await step.RunAsync(nodes.Subject);
            foreach ((string path, string kafkas, string ours) in Differences(expected, actual))
            {
                IntendedDifference? entry = Array.Find(intended, entry => entry.Covers(step.Name, path));
                if (entry is null)
                {
                    faults.Add($"{api}, {step.Name}: {path}\n    Kafka:   {Shorten(kafkas)}\n    RaftLog: {Shorten(ours)}");
                }
                else
                {
                    used.Add(entry);
                }
            }
        }

        faults.AddRange(
            intended
                .Where(entry => !used.Contains(entry))
                .Select(entry =>
                    $"{api}, {entry.Case}: {entry.Path} does not differ any more; take it from the table of intended differences"
                )
        );
        if (faults.Count > 0)
        {
            throw new XunitException($"{faults.Count} differences\n{string.Join('\n', faults)}\n{nodes.Log()}");
        }
    }

    private static IEnumerable<(string Path, string Kafkas, string Ours)> Differences(Flattened expected, Flattened actual)
    {
        SortedSet<string> paths = new(expected.Lines.Keys.Concat(actual.Lines.Keys), StringComparer.Ordinal);
        string? absent = null;
        foreach (string path in paths)
        {
            string kafkas = expected.Lines.GetValueOrDefault(path, Absent);
            string ours = actual.Lines.GetValueOrDefault(path, Absent);
            bool insideAbsent =
                absent is not null && path.StartsWith(absent, StringComparison.Ordinal) && path[absent.Length] is '.' or '[';
            if (kafkas == ours || insideAbsent)
            {
                continue;
            }

            if (kafkas == Absent || ours == Absent)
            {
                absent = path;
            }

            yield return (path, kafkas, ours);
        }
    }

    private static string Shorten(string value) => value.Length <= 400 ? value : value[..400] + "...";
}
