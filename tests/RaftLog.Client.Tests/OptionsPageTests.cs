using System.Collections;
using System.Globalization;
using System.Reflection;
using System.Text;
using System.Text.RegularExpressions;
using System.Xml.Linq;
using RaftLog.Client.Consume;
using RaftLog.Client.Consume.Parallel;
using RaftLog.Client.Produce;

namespace RaftLog.Client.Tests;

/// <summary>
/// <c>docs/client-options.md</c> is written from the options and their documentation. Run the tests with RAFTLOG_REWRITE_DOCS=1 to write
/// it anew.
/// </summary>
public partial class OptionsPageTests
{
    private static readonly object[] Options =
    [
        new ClientOptions { BootstrapServers = [] },
        new ProducerOptions(),
        new ConsumerOptions(),
        new ProcessingOptions(),
    ];

    private static readonly Dictionary<string, string> Summaries = XDocument
        .Load(Path.ChangeExtension(typeof(KafkaCluster).Assembly.Location, ".xml"))
        .Descendants("member")
        .ToDictionary(member => member.Attribute("name")!.Value, member => Text(member.Element("summary")));

    [Fact]
    public void The_page_says_which_options_there_are()
    {
        StringBuilder page = new();
        page.Append(
            """
            # Options of the .NET client

            <!-- Written by OptionsPageTests from src/RaftLog.Client; run the tests with RAFTLOG_REWRITE_DOCS=1 after a change. -->

            The keys are those of Kafka's clients, for those who know them; options without one have none there. The documentation of each says more.

            """
        );
        foreach (object options in Options)
        {
            page.Append(
                $"\n## {options.GetType().Name}\n\n{Summaries[$"T:{options.GetType().FullName}"]}\n\n| Option | Key | Default | Meaning "
                    + $"|\n|---|---|---|---|\n"
            );
            foreach (PropertyInfo property in PropertiesOf(options))
            {
                string meaning = Meaning(property);
                Match key = Key().Match(meaning);
                page.Append(
                    $"| `{property.Name}` | {(key.Success ? $"`{key.Groups[1].Value}`" : "")} | {Show(property.GetValue(options))} | "
                        + $"{FirstSentence(Key().Replace(meaning, ""))} |\n"
                );
            }
        }

        GeneratedPage.MustSay("client-options.md", page.ToString());
    }

    [Fact]
    public void Every_option_says_what_it_means() =>
        Assert.All(Options.SelectMany(PropertiesOf), property => Assert.NotEqual("", Meaning(property)));

    private static IEnumerable<PropertyInfo> PropertiesOf(object options) =>
        options
            .GetType()
            .GetProperties(BindingFlags.Instance | BindingFlags.Public)
            .Where(property => property.SetMethod is { IsPublic: true });

    private static string FirstSentence(string text) =>
        text.IndexOf(". ", StringComparison.Ordinal) is >= 0 and int end ? text[..(end + 1)] : text;

    private static string Meaning(PropertyInfo property) =>
        Summaries.GetValueOrDefault($"P:{property.DeclaringType!.FullName}.{property.Name}", "");

    private static string Text(XElement? summary) =>
        summary is null
            ? ""
            : Spaces()
                .Replace(
                    string.Concat(
                        summary
                            .Nodes()
                            .Select(node =>
                                node switch
                                {
                                    XText text => text.Value,
                                    XElement { Name.LocalName: "see" } see => $"`{Named(see).Split('(')[0].Split('.')[^1]}`",
                                    XElement element => element.Value,
                                    _ => "",
                                }
                            )
                    ),
                    " "
                )
                .Trim()
                .Replace("|", "\\|", StringComparison.Ordinal);

    private static string Named(XElement see) => see.Attribute("cref")?.Value ?? see.Attribute("langword")!.Value;

    private static string Show(object? value) =>
        value switch
        {
            null => "none",
            "" => "empty",
            TimeSpan time when time == Timeout.InfiniteTimeSpan => "infinite",
            TimeSpan { TotalMilliseconds: < 1000 } time => string.Create(CultureInfo.InvariantCulture, $"{time.TotalMilliseconds} ms"),
            TimeSpan time => string.Create(CultureInfo.InvariantCulture, $"{time.TotalSeconds} s"),
            bool or Enum => value.ToString()!.ToLowerInvariant(),
            int or long or short => string.Create(CultureInfo.InvariantCulture, $"{value}"),
            string text => text,
            IEnumerable list => string.Join(", ", list.Cast<object>().Select(each => each.GetType().Name)) is { Length: > 0 } names
                ? names
                : "none",
            OffsetReset => "error",
            _ => value.GetType().Name,
        };

    [GeneratedRegex(@" ?\((acks|[a-z]+(?:\.[a-z]+)+)(?:[=,][^)]*)?\)")]
    private static partial Regex Key();

    [GeneratedRegex(@"\s+")]
    private static partial Regex Spaces();
}
