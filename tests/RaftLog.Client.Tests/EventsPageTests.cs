using System.Reflection;
using System.Text;
using Microsoft.Extensions.Logging;

namespace RaftLog.Client.Tests;

/// <summary>
/// <c>docs/client-events.md</c> is written from the events of the client. Run the tests with RAFTLOG_REWRITE_DOCS=1 to write it anew.
/// </summary>
public class EventsPageTests
{
    private static readonly List<(MethodInfo Method, LoggerMessageAttribute Event)> Events =
    [
        .. typeof(KafkaCluster)
            .Assembly.GetTypes()
            .SelectMany(type => type.GetMethods(BindingFlags.Static | BindingFlags.Public | BindingFlags.DeclaredOnly))
            .Select(method => (method, method.GetCustomAttribute<LoggerMessageAttribute>()!))
            .Where(each => each.Item2 is not null)
            .OrderBy(each => each.Item2.EventId),
    ];

    [Fact]
    public void The_page_says_which_events_there_are()
    {
        StringBuilder page = new();
        page.Append(
            """
            # Events of the .NET client

            <!-- Written by EventsPageTests from src/RaftLog.Client; run the tests with RAFTLOG_REWRITE_DOCS=1 after a change. -->

            A client with a `ClientOptions.LoggerFactory` logs these under the category `RaftLog.Client`. Ids and names stay as they are; texts may change.

            | Id | Name | Level | Text |
            |---|---|---|---|

            """
        );
        foreach ((_, LoggerMessageAttribute each) in Events)
        {
            page.Append($"| {each.EventId} | {each.EventName} | {each.Level} | {each.Message} |\n");
        }

        GeneratedPage.MustSay("client-events.md", page.ToString());
    }

    [Fact]
    public void Every_event_has_an_id_and_a_name_of_its_own()
    {
        Assert.NotEmpty(Events);
        Assert.Equal(Events.Count, Events.Select(each => each.Event.EventId).Distinct().Count());
        Assert.Equal(Events.Count, Events.Select(each => each.Event.EventName).Distinct().Count());
        Assert.All(Events, each => Assert.Equal(each.Method.Name, each.Event.EventName));
    }
}
