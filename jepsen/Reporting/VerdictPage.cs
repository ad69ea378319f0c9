using System.Globalization;
using System.Net;
using System.Text;
using RaftLog.Checking;

namespace RaftLog.Jepsen.Reporting;

/// <summary>The verdict as one HTML page that needs nothing else.</summary>
internal sealed class VerdictPage(Verdict verdict, IReadOnlyList<HistoryEvent> events, string system, string reproduction)
{
    private const int MaxOperations = 12;
    private const string Style = """
        body{font:15px/1.45 system-ui,sans-serif;margin:2em auto;max-width:1100px;padding:0 1em;color:#1c1e21}
        h1{margin:.2em 0}h2{margin-top:1.6em}table{border-collapse:collapse}td,th{padding:.15em .8em;text-align:left;vertical-align:top;border-bottom:1px solid #e3e5e8}
        td.n{text-align:right;font-variant-numeric:tabular-nums}code,pre{font:13px/1.4 ui-monospace,monospace}pre{background:#f5f6f7;padding:.6em;overflow-x:auto}
        .Held{color:#17713a}.Violated{color:#b3261e}.Unknown{color:#8a5a00}svg{width:100%;height:auto;font:11px system-ui,sans-serif}.small{color:#5f6368;font-size:13px}
        """;

    private readonly RunFigures _figures = new(events);
    private readonly IReadOnlyList<FaultSpan> _faults = FaultSpan.Of(events);
    private readonly StringBuilder _html = new();

    public string Render()
    {
        _html.Append(
            CultureInfo.InvariantCulture,
            $"<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><title>{Text(verdict.Title)}</title><style>{Style}</style>"
        );
        _html.Append(
            CultureInfo.InvariantCulture,
            $"<h1 class=\"{verdict.Kind}\">{Text(verdict.Title)}</h1><p>{Text(system)}, {_figures.Seconds} s, "
                + $"{_figures.Acknowledged.Sum():N0} acknowledged operations, {_figures.RecordsRead:N0} records read, {_faults.Count} "
                + $"faults. Again with: <code>dotnet run -c Release --project jepsen -- {Text(reproduction)}</code></p>"
        );
        List("Doubts", verdict.Doubts);
        Anomalies();
        _html.Append("<h2>Timeline</h2>").Append(new TimelineChart(_figures, _faults).Render());
        Faults();
        Counts();
        _html.Append(
            "<h2>What this run cannot show</h2><p class=\"small\">kill -9 keeps the page cache, so it says nothing about flushing. A "
                + "cut is made in a proxy: a connect is still accepted by it and then hears nothing, and what was held back is "
                + "delivered when the cut ends, as TCP would. Clocks and disks were left alone.</p>"
        );
        return _html.Append("</html>").ToString();
    }

    private static string Text(string text) => WebUtility.HtmlEncode(text);

    private static bool IsAbout(HistoryEvent entry, Anomaly anomaly, HashSet<RecordValue> values, HashSet<long> operations) =>
        (entry.Value is { } value && values.Contains(value))
        || operations.Contains(entry.Operation)
        || entry.Records.Any(each => values.Contains(each.Value))
        || (anomaly.Topic is not null && entry.Function == HistoryFunction.Metadata && entry.Topic == anomaly.Topic);

    private static string Line(HistoryEvent entry, HashSet<RecordValue> values)
    {
        IReadOnlyList<PolledRecord> records = [.. entry.Records.Where(each => values.Contains(each.Value))];
        System.Buffers.ArrayBufferWriter<byte> bytes = new();
        HistoryLine.Write(entry with { Records = records }, bytes);
        return Encoding.UTF8.GetString(bytes.WrittenSpan);
    }

    private void List(string title, IReadOnlyList<string> items)
    {
        if (items.Count == 0)
        {
            return;
        }

        _html.Append(CultureInfo.InvariantCulture, $"<h2>{title}</h2><ul>");
        foreach (string item in items)
        {
            _html.Append(CultureInfo.InvariantCulture, $"<li>{Text(item)}</li>");
        }

        _html.Append("</ul>");
    }

    private void Anomalies()
    {
        if (verdict.Found.All.Count == 0)
        {
            return;
        }

        _html.Append("<h2>Anomalies</h2><table><tr><th>kind<th>how many</tr>");
        foreach ((AnomalyKind kind, int count) in verdict.Found.Counts)
        {
            _html.Append(CultureInfo.InvariantCulture, $"<tr><td>{AnomalyCatalog.CodeOf(kind)} {kind}<td class=\"n\">{count:N0}</tr>");
        }

        _html.Append("</table>");
        foreach (Anomaly anomaly in verdict.Found.All)
        {
            _html.Append(CultureInfo.InvariantCulture, $"<details><summary>{Text(anomaly.ToString())}</summary><pre>");
            HashSet<RecordValue> values = [.. anomaly.Values];
            HashSet<long> operations =
            [
                .. events.Where(each => each.Value is { } value && values.Contains(value)).Select(each => each.Operation),
            ];
            foreach (
                HistoryEvent entry in events
                    .Where(each => IsAbout(each, anomaly, values, operations))
                    .Take(anomaly.Topic is null ? MaxOperations : int.MaxValue)
            )
            {
                _html.Append(Text(Line(entry, values))).Append('\n');
            }

            _html.Append("</pre></details>");
        }
    }

    private void Faults()
    {
        _html.Append("<h2>Faults</h2><table><tr><th>from<th>to<th>what<th>effect<th>longest silence</tr>");
        foreach (FaultSpan fault in _faults)
        {
            _html.Append(
                CultureInfo.InvariantCulture,
                $"<tr><td class=\"n\">{fault.FromUs / 1e6:0.0} s<td class=\"n\">{fault.ToUs / 1e6:0.0} "
                    + $"s<td>{Text(fault.What)}<td>{(fault.HadEffect ? "seen" : "none seen")}<td "
                    + $"class=\"n\">{_figures.LongestSilenceMs(fault.FromUs, fault.ToUs):N0} ms</tr>"
            );
        }

        _html.Append("</table>");
    }

    private void Counts()
    {
        _html.Append("<h2>Operations</h2><table><tr><th>operation<th>begun<th>ok<th>rejected<th>unknown</tr>");
        foreach (HistoryFunction function in _figures.Counts.Keys.Select(each => each.Function).Distinct())
        {
            _html.Append(CultureInfo.InvariantCulture, $"<tr><td>{function}");
            foreach (EventType type in (EventType[])[EventType.Invoke, EventType.Ok, EventType.Fail, EventType.Info])
            {
                _html.Append(CultureInfo.InvariantCulture, $"<td class=\"n\">{_figures.CountOf(function, type):N0}");
            }

            _html.Append("</tr>");
        }

        _html.Append(
            CultureInfo.InvariantCulture,
            $"</table><p>Longest time between two acknowledgements: {_figures.LongestSilenceMs():N0} ms. Control group (acks=1): "
                + $"{verdict.ControlLosses:N0} acknowledged records are gone.</p>"
        );
    }
}
