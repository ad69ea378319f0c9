using System.Text;
using RaftLog.Broker.Configuration;

namespace RaftLog.Broker.Tests.Configuration;

/// <summary>
/// <c>docs/configuration.md</c> is written from the definitions. Run the tests with RAFTLOG_REWRITE_DOCS=1 to write it anew.
/// </summary>
public class ConfigurationPageTests
{
    [Fact]
    public void The_page_says_what_the_definitions_say() => GeneratedPage.MustSay("configuration.md", Page());

    private static string Page()
    {
        StringBuilder page = new();
        page.Append(
            """
            # Configuration

            <!-- Written by ConfigurationPageTests from src/RaftLog.Broker/Configuration/Definitions; run the tests with RAFTLOG_REWRITE_DOCS=1 after a change. -->

            RaftLog uses Kafka's key names, types and meanings. A node reads one of two files:

            * `cluster.json` describes all nodes of a cluster. `defaults` holds for every node, an entry of `nodes` overrides it, and what the nodes show
              need not be said: `process.roles` is `broker,controller`, `controller.listener.names` is `CONTROLLER`, and the voters are the nodes with the
              controller role. A key that does not exist is an error. Comments and trailing commas are allowed. Examples:
              [one node](examples/single-node.json), [three](../cluster.json), [five](examples/five-nodes.json).
            * A `.properties` file as Kafka's describes one node. Keys that RaftLog does not know or use are named in a warning.

            Three defaults differ from Kafka's on purpose: `log.flush.interval.messages` is 1, so what is acknowledged is on disk; socket buffers are left
            to the operating system (-1); and data lies in `data/node-N` of the working directory where no directory is set.

            What is in force for a topic: the topic's own value, then the broker's dynamic value, the cluster-wide dynamic value, the file, the default.

            ## Keys of a node


            """
        );
        Table(
            page,
            ConfigDefinitions.Broker,
            key =>
                key.Scope switch
                {
                    ConfigScope.Any => "yes",
                    ConfigScope.OneBroker => "per broker",
                    _ => "no",
                },
            "Dynamic"
        );
        page.Append("\n## Keys of a topic\n\n");
        Table(page, ConfigDefinitions.Topic, key => string.Join(", ", key.BrokerKeys.Select(name => $"`{name}`")), "Default from");
        page.Append(
            "\n## Keys that must not be set\n\nIgnoring them would break a promise, so a node that finds one does not start.\n\n| Key | "
                + "Why |\n|---|---|\n"
        );
        foreach (ConfigDefinition key in ConfigDefinitions.Broker.All.Where(key => key.Support == ConfigSupport.Rejected))
        {
            page.Append($"| `{key.Name}` | {key.Description} |\n");
        }

        page.Append(
            "| `listener.security.protocol.map` with SSL or SASL for a listener in use | RaftLog has neither yet; clients would talk in "
                + "the open. |\n"
        );
        page.Append(
            """

            ## Keys without effect

            Known from Kafka, accepted with a warning: nothing in RaftLog acts on them, or not yet. What else needs no key here: a listening socket's backlog is
            1024, a connection holds at most 128 requests that wait for responses, and checkpoints are written every five seconds.


            """
        );
        Names(page, ConfigDefinitions.Broker);
        page.Append("\nOf topics, accepted:\n\n");
        Names(page, ConfigDefinitions.Topic);
        return page.ToString();
    }

    private static void Names(StringBuilder page, ConfigDefinitions table)
    {
        foreach (ConfigDefinition key in table.All.Where(key => key.Support == ConfigSupport.WithoutEffect))
        {
            page.Append($"* `{key.Name}`\n");
        }
    }

    private static void Table(StringBuilder page, ConfigDefinitions table, Func<ConfigDefinition, string> column, string title)
    {
        page.Append($"| Key | Type | Default | Range | {title} | Meaning |\n|---|---|---|---|---|---|\n");
        foreach (ConfigDefinition key in table.All.Where(key => key.Support == ConfigSupport.Implemented))
        {
            string type = key.Type.ToString().ToLowerInvariant();
            string usual =
                key.IsRequired ? "required"
                : key.Default is null ? ""
                : key.Default.Length == 0 ? "empty"
                : $"`{key.Default}`";
            page.Append($"| `{key.Name}` | {type} | {usual} | {key.Range.Short()} | {column(key)} | {key.Description} |\n");
        }
    }
}
