using System.Globalization;
using System.Text;
using RaftLog.Benchmarks.Measuring;

namespace RaftLog.Benchmarks.Reports;

/// <summary>The figures of one system, or of two side by side, as a Markdown table.</summary>
internal static class ComparisonReport
{
    private static readonly (string Name, Func<CaseFigures, double> Figure, bool MoreIsBetter)[] Rows =
    [
        ("produce, MiB/s", each => each.Produce.Throughput, true),
        ("at full speed: p50, ms", each => each.Produce.P50, false),
        ("at full speed: p99, ms", each => each.Produce.P99, false),
        ("at 5,000 records/s: p50, ms", each => each.Paced.P50, false),
        ("at 5,000 records/s: p99, ms", each => each.Paced.P99, false),
        ("at 5,000 records/s: p99.9, ms", each => each.Paced.P999, false),
        ("nodes' processor seconds a GiB produced", each => each.ProduceProcessor, false),
        ("consume (kcat), MiB/s", each => each.Consume, true),
        ("nodes' processor seconds a GiB consumed", each => each.ConsumeProcessor, false),
        ("resident memory of an idle node, MiB", each => each.IdleResident, false),
        ("resident memory under load, MiB", each => each.LoadedResident, false),
        ("time stolen by the host, %", each => 100 * each.Stolen, false),
    ];

    /// <summary>
    /// The table of one case. Each figure is the median over the rounds; the ratio says how many times better the subject is.
    /// </summary>
    public static string Of(
        Case @case,
        string referenceName,
        IReadOnlyList<CaseFigures> reference,
        string subjectName,
        IReadOnlyList<CaseFigures> subject
    )
    {
        StringBuilder text = new();
        text.Append(
            CultureInfo.InvariantCulture,
            $"### {@case.Words}\n\n| | {referenceName} | {subjectName} | {subjectName} is better by |\n|---|---:|---:|---:|\n"
        );
        foreach ((string name, Func<CaseFigures, double> figure, bool moreIsBetter) in Rows)
        {
            double theirs = Median(reference.Select(figure));
            double ours = Median(subject.Select(figure));
            double ratio = moreIsBetter ? ours / theirs : theirs / ours;
            string better = double.IsFinite(ratio) ? $"{ratio.ToString("0.00", CultureInfo.InvariantCulture)} ×" : "";
            text.Append(CultureInfo.InvariantCulture, $"| {name} | {theirs:0.#} | {ours:0.#} | {better} |\n");
        }

        return text.ToString();
    }

    /// <summary>The table of one case for one system alone: the median over the rounds.</summary>
    public static string OfOne(Case @case, string name, IReadOnlyList<CaseFigures> figures)
    {
        StringBuilder text = new();
        text.Append(CultureInfo.InvariantCulture, $"### {@case.Words}\n\n| | {name} |\n|---|---:|\n");
        foreach ((string row, Func<CaseFigures, double> figure, _) in Rows)
        {
            text.Append(CultureInfo.InvariantCulture, $"| {row} | {Median(figures.Select(figure)):0.#} |\n");
        }

        return text.ToString();
    }

    private static double Median(IEnumerable<double> values)
    {
        double[] sorted = [.. values.Order()];
        int half = sorted.Length / 2;
        return sorted.Length % 2 == 1 ? sorted[half] : (sorted[half - 1] + sorted[half]) / 2;
    }
}
