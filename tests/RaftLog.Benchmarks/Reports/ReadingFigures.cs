using System.Globalization;
using System.Text;

namespace RaftLog.Benchmarks.Reports;

/// <summary>
/// Figures of several systems over several rounds, of which the best counts: what else runs on the machine makes all others worse.
/// </summary>
internal sealed class ReadingFigures
{
    private readonly List<string> _rows = [];
    private readonly Dictionary<(string Row, string System), double> _best = [];

    /// <summary>Takes one figure of a round.</summary>
    public void Add(string row, string system, double figure, bool isMoreBetter)
    {
        if (!_rows.Contains(row))
        {
            _rows.Add(row);
        }

        bool isBetter = !_best.TryGetValue((row, system), out double best) || (isMoreBetter ? figure > best : figure < best);
        _best[(row, system)] = isBetter ? figure : best;
    }

    /// <summary>All rows as a table; with two systems also the second by the first.</summary>
    public string Table(IReadOnlyList<string> systems)
    {
        StringBuilder text = new();
        bool compares = systems.Count == 2;
        text.Append(
            $"\n| | {string.Join(" | ", systems)} |{(compares ? $" {systems[1]} / {systems[0]} |" : "")}\n"
                + $"|---|{string.Concat(Enumerable.Repeat("---:|", systems.Count + (compares ? 1 : 0)))}\n"
        );
        foreach (string row in _rows)
        {
            double[] figures = [.. systems.Select(system => _best.GetValueOrDefault((row, system), double.NaN))];
            text.Append(CultureInfo.InvariantCulture, $"| {row} |");
            foreach (double figure in figures)
            {
                text.Append(CultureInfo.InvariantCulture, $" {figure:0.##} |");
            }

            if (compares)
            {
                string by = figures[0] == 0 ? "" : string.Create(CultureInfo.InvariantCulture, $"{figures[1] / figures[0]:0.00} ×");
                text.Append($" {by} |");
            }

            text.Append('\n');
        }

        return text.ToString();
    }
}
