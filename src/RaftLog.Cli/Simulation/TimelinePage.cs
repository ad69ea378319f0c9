using System.Globalization;
using System.Net;
using System.Text;
using System.Text.RegularExpressions;
using RaftLog.Simulation;

namespace RaftLog.Cli.Simulation;

/// <summary>One run as a page of its own: a lane for each node and partition, and below it every line of the trace.</summary>
internal static partial class TimelinePage
{
    private const int Width = 1400;
    private const int Left = 90;
    private const int LaneHeight = 22;
    private static readonly string[] Colours = ["#4e79a7", "#f28e2b", "#59a14f", "#b07aa1", "#edc948"];

    public static string Write(SeedOutcome outcome, IReadOnlyList<string> trace)
    {
        double end = Math.Max(outcome.Simulated.TotalSeconds, 0.001);
        SortedDictionary<string, List<(double At, string Colour, string Text)>> lanes = new(StringComparer.Ordinal);
        StringBuilder rows = new();
        foreach (string line in trace)
        {
            Match match = TraceLine().Match(line);
            if (!match.Success)
            {
                continue;
            }

            double at = double.Parse(match.Groups["at"].Value, CultureInfo.InvariantCulture);
            string text = match.Groups["text"].Value;
            (string lane, string colour)? mark = MarkOf(text);
            if (mark is { } found)
            {
                if (!lanes.TryGetValue(found.lane, out List<(double, string, string)>? marks))
                {
                    lanes.Add(found.lane, marks = []);
                }

                marks.Add((at, found.colour, text));
            }

            string kind =
                text.StartsWith("FAILED", StringComparison.Ordinal) ? " class=\"bad\""
                : mark is null ? " class=\"minor\""
                : "";
            rows.Append(CultureInfo.InvariantCulture, $"<tr{kind}><td>{at:F4}</td><td>{WebUtility.HtmlEncode(text)}</td></tr>\n");
        }

        return $"""
            <!DOCTYPE html><html lang="en"><head><meta charset="utf-8"><title>seed {outcome.Seed}</title>
            <style>body{"{"}font:14px sans-serif;margin:20px{"}"} td{"{"}padding:1px 8px;font-family:monospace{"}"} .bad{"{"}background:#fcc{"}"} .minor{"{"}color:#888{"}"} text{"{"}font:12px monospace{"}"}</style></head><body>
            <h1>Seed {outcome.Seed}: {(outcome.Held ? "held" : "FAILED")}</h1><p>{WebUtility.HtmlEncode(outcome.ToString())}</p>
            {Lanes(lanes, end)}
            <p>Nodes: green runs, red is down, yellow is held. Partitions: the colour is the leader's, grey is none. Point at a mark to read it.</p>
            <table>{rows}</table></body></html>
            """;
    }

    private static string Lanes(SortedDictionary<string, List<(double At, string Colour, string Text)>> lanes, double end)
    {
        StringBuilder svg = new();
        svg.Append(CultureInfo.InvariantCulture, $"<svg width=\"{Width + Left}\" height=\"{(lanes.Count + 1) * LaneHeight}\">");
        int lane = 0;
        foreach ((string name, List<(double At, string Colour, string Text)> marks) in lanes)
        {
            int y = lane++ * LaneHeight;
            svg.Append(CultureInfo.InvariantCulture, $"<text x=\"0\" y=\"{y + 15}\">{WebUtility.HtmlEncode(name)}</text>");
            for (int i = 0; i < marks.Count; i++)
            {
                double from = Left + (marks[i].At / end * Width);
                double to = Left + ((i + 1 < marks.Count ? marks[i + 1].At : end) / end * Width);
                svg.Append(
                    CultureInfo.InvariantCulture,
                    $"<rect x=\"{from:F1}\" y=\"{y + 3}\" width=\"{Math.Max(to - from, 1):F1}\" height=\"{LaneHeight - 6}\" "
                        + $"fill=\"{marks[i].Colour}\"><title>{marks[i].At:F4} {WebUtility.HtmlEncode(marks[i].Text)}</title></rect>"
                );
            }
        }

        return svg.Append("</svg>").ToString();
    }

    private static (string Lane, string Colour)? MarkOf(string text)
    {
        Match led = Led().Match(text);
        if (led.Success)
        {
            int leader = int.Parse(led.Groups["leader"].Value, CultureInfo.InvariantCulture);
            return ($"p {led.Groups["partition"].Value}", leader < 0 ? "#ccc" : Colours[leader % Colours.Length]);
        }

        Match node = NodeEvent().Match(text);
        if (node.Success)
        {
            string what = node.Groups["what"].Value;
            return (
                $"n{node.Groups["node"].Value}",
                what switch
                {
                    "pauses" => "#edc948",
                    "starts" => "#a6d5a0",
                    "is ready" or "has started" or "goes on" => "#59a14f",
                    _ => "#e15759",
                }
            );
        }

        return text.Contains(" cut", StringComparison.Ordinal)
            || text.Contains("apart", StringComparison.Ordinal)
            || text.Contains("healed", StringComparison.Ordinal)
            || text.Contains("reset", StringComparison.Ordinal)
            || text.Contains(" is bad", StringComparison.Ordinal)
                ? ("network", text.Contains("healed", StringComparison.Ordinal) ? "#cfe8cc" : "#f28e2b")
            : text.StartsWith("FAILED", StringComparison.Ordinal) ? ("failure", "#d00")
            : null;
    }

    [GeneratedRegex(@"^\s*(?<at>[0-9.]+) (?<text>.*)$", RegexOptions.ExplicitCapture)]
    private static partial Regex TraceLine();

    [GeneratedRegex(@"^(?<partition>\S+-\d+) is led by (?<leader>-?\d+) ", RegexOptions.ExplicitCapture)]
    private static partial Regex Led();

    [GeneratedRegex(
        @"^n(?<node>\d+)\.\d+ (?<what>starts|has started|is ready|pauses|goes on|is killed|loses power|loses its disk|halts itself|rejects|cannot start)",
        RegexOptions.ExplicitCapture
    )]
    private static partial Regex NodeEvent();
}
