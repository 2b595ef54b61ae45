/**
 * Read by a model, behind the texts of calibration-texts.ts, while its weights are rounded to four bits
 * (docs/decisions/0023-compensated-rounding.md). Another text gives other codes, and another entry of the cache.
 */
export const ROUNDING_TEXTS: readonly string[] = [
  `The night train to the coast left eleven minutes late, and for those eleven minutes the platform belonged to nobody. A boy
in a yellow raincoat counted the carriages aloud and reached nine; his grandmother, who had counted them every summer since
she was younger than he was, said that there used to be fourteen, and a dining car with real lamps. When the doors finally
opened, people did what people always do: they hurried, although each of them had a numbered seat. In compartment six a man
was already asleep. He had taken off his shoes and placed them neatly side by side under the window, as if he were at home,
and on the little table lay a book with its spine broken in three places. Nobody woke him. Around midnight the train stopped
in a field for no reason that was ever announced. The lights of a farm burned far away, and somewhere a dog barked twice. The
grandmother opened a paper bag and shared out plums. "Your grandfather proposed to me in a stop like this," she told the boy,
"and I answered only when the train began to move again, because I wanted to be sure that we were going somewhere." The boy
thought about it for a while. Then he asked what would have happened if the train had stayed where it was. She laughed so
loudly that the sleeping man turned over. "Then," she said, "I suppose we would have learned to grow potatoes." At dawn the
sea appeared on the left side, grey at first and then, all at once, silver. The boy did not see it. He had fallen asleep with
a plum stone in his closed fist, and his grandmother, who had promised to wake him, looked at the water alone and decided
that a promise of that kind could be kept a few minutes later. There would be other mornings, she thought, and other seas; but
of this particular sleep there was only one.`,
  `How does a bill become law? In most parliamentary systems the process has five stages. First, the bill is introduced: a
minister or a member presents a draft, usually together with a note that explains its purpose and its cost. Second comes the
general debate, in which members discuss the principle of the bill but not its details. If the house agrees, the bill is
referred to a committee, the third stage, where experts are heard and amendments are made line by line. Fourth, the amended
text returns to the house for a report and a final vote. In countries with two chambers, the other chamber repeats the
procedure, and where the two disagree a joint committee looks for a compromise. Finally the head of state signs the bill, and
it is published in an official gazette; it enters into force on the date that it names or, if it names none, after a fixed
number of days. Exceptions exist. Budgets often follow a faster procedure, constitutional amendments need larger majorities
(two thirds in Germany and India, three fifths in France), and emergency decrees may take effect at once but lapse unless they
are confirmed. Courts may later strike down a statute that violates the constitution. In 2019, for instance, several
provisions of a tax reform were annulled because the second chamber had not been consulted. Critics argue that committees work
behind closed doors; defenders reply that compromise needs privacy. Both sides agree on one point: a law which nobody
understands will not be obeyed for long.`,
  `// A bounded queue between one producer and one consumer.
#include <condition_variable>
#include <mutex>
#include <optional>
#include <vector>

template <typename T>
class BoundedQueue {
 public:
  explicit BoundedQueue(std::size_t capacity) : items_(capacity) {}

  bool push(T value) {
    std::unique_lock<std::mutex> lock(mutex_);
    not_full_.wait(lock, [this] { return size_ < items_.size() || closed_; });
    if (closed_) return false;
    items_[(head_ + size_++) % items_.size()] = std::move(value);
    not_empty_.notify_one();
    return true;
  }

  std::optional<T> pop() {
    std::unique_lock<std::mutex> lock(mutex_);
    not_empty_.wait(lock, [this] { return size_ > 0 || closed_; });
    if (size_ == 0) return std::nullopt;
    T value = std::move(items_[head_]);
    head_ = (head_ + 1) % items_.size();
    --size_;
    not_full_.notify_one();
    return value;
  }

 private:
  std::mutex mutex_;
  std::condition_variable not_full_, not_empty_;
  std::vector<T> items_;
  std::size_t head_ = 0, size_ = 0;
  bool closed_ = false;
};

def moving_average(values, window=3):
    """Yields the mean of the last \`window\` values, once there are as many."""
    if window < 1:
        raise ValueError(f"window must be positive, not {window}")
    total = 0.0
    for i, value in enumerate(values):
        total += value
        if i >= window:
            total -= values[i - window]
        if i + 1 >= window:
            yield total / window

$ git status --short
 M src/server.ts
?? notes/todo.md
$ docker run --rm -p 8080:80 -v "$PWD/site:/usr/share/nginx/html:ro" nginx:1.27
<ul class="menu"><li><a href="/about">About us</a></li><li class="active">Prices &amp; plans</li></ul>
body { margin: 0 auto; max-width: 72ch; font: 16px/1.5 "Georgia", serif; color: #222; }`,
  `User: I have to give a short talk at my sister's wedding and I am terrified. Can you help me write it?
Assistant: Of course. Congratulations to her! A good toast is short, personal and kind. Tell me three things: how you would
describe your sister in one word, a moment in which she helped you, and how she met her partner.
User: Stubborn. She drove four hours to bring me soup when I had the flu. They met in a pottery class, they both made the same
ugly vase.
Assistant: That is wonderful material. Here is a draft:

"Good evening, everyone. I am Daniel, the little brother, which means that I have been losing arguments to the bride for
twenty-nine years. My sister is stubborn. When I had the flu, she drove four hours through the rain with a pot of soup on the
passenger seat, and the pot was wearing the seat belt. So when she came home from a pottery class and said that she had met a
man who had made exactly the same ugly vase as she had, I knew two things: that she would marry him, and that I would have to
look at both vases for the rest of my life. Please raise your glasses to two people who see the beauty in crooked things.
To Lena and Tom!"

It takes about a minute. Speak slowly, and pause after "seat belt": they will laugh.
User: I love it. Could you make it a bit more formal and mention our late father?
Assistant: Yes. After the line about the vases you could add: "Our father used to say that a good marriage is like a good
workshop: there is always something to repair, and you never do it alone. He would have been very proud today." Then pause,
breathe, and go on with the toast.
User: What is 15% of 2,340, by the way? I need to tip the caterer.
Assistant: 15 % of 2,340 is 351. (10 % is 234, 5 % is 117, and 234 + 117 = 351.)`,
  `Question: A train travels 180 km in 2 hours and 15 minutes. What is its average speed? Answer: 2 hours 15 minutes is 2.25
hours, and 180 / 2.25 = 80, so the average speed is 80 km/h.
Question: Which planet has the shortest day? Answer: Jupiter; it turns once in just under ten hours.
Question: Solve x^2 - 5x + 6 = 0. Answer: (x - 2)(x - 3) = 0, therefore x = 2 or x = 3.
Question: If all bloops are razzies and some razzies are lazzies, must some bloops be lazzies? Answer: No. The razzies that are
lazzies may all be outside the bloops.
Question: Who wrote "Pride and Prejudice"? Answer: Jane Austen, published anonymously in 1813.
Question: What happens when you mix vinegar and baking soda? Answer: Acetic acid reacts with sodium bicarbonate: CH3COOH +
NaHCO3 -> CH3COONa + H2O + CO2. The gas makes the mixture foam.
Question: Translate "The weather is nice today" into Spanish, French and German. Answer: "Hoy hace buen tiempo."; "Il fait beau
aujourd'hui."; "Das Wetter ist heute schön."
Question: What is the derivative of sin(x) * e^x? Answer: By the product rule, cos(x) e^x + sin(x) e^x = e^x (sin x + cos x).
Question: How many edges does a cube have? Answer: 12. It has 8 vertices and 6 faces, and 8 - 12 + 6 = 2.
Question: Sort these words alphabetically: pear, apple, fig, banana. Answer: apple, banana, fig, pear.
Question: A shop sells pens at 3 for $2. How much do 12 pens cost? Answer: 12 / 3 = 4 groups, and 4 * $2 = $8.
Question: Why is the sky blue? Answer: Air scatters short wavelengths more strongly than long ones (Rayleigh scattering), so
blue light reaches the eye from all directions.
Question: Give a synonym and an antonym of "generous". Answer: Synonym: liberal. Antonym: stingy.
Question: What does HTTP status code 404 mean? Answer: The server was reached, but it has no resource at that address.`,
  `Abstract. We study how the temperature of small lakes in alpine regions changed between 1981 and 2020. Using records of 47
lakes at altitudes from 1,210 m to 2,690 m, we find that the mean surface temperature in August rose by 0.42 ± 0.08 °C per
decade, almost twice as fast as that of the air. Lakes that are fed by glaciers warmed more slowly (0.17 °C per decade), and
three of them cooled. 1 Introduction. Lakes integrate the signals of climate over large areas and have been called sentinels of
change [1, 4, 12]. However, long records at high altitudes are rare, since instruments freeze, fall off or are carried away by
avalanches. 2 Methods. Each lake was equipped with two loggers at depths of 0.5 m and 5 m, which stored a value every thirty
minutes. Gaps shorter than six hours were filled by linear interpolation; longer ones were left out. Trends were estimated with
the Theil-Sen slope, and their significance with the Mann-Kendall test (p < 0.05). Let T_i denote the mean of year i and n the
number of years; the slope is the median of (T_j - T_i) / (j - i) over all i < j. 3 Results. Figure 2 shows the distribution of
slopes. The ice-free season became longer by 5.3 days per decade, mainly because the ice broke up earlier. 4 Discussion. Our
findings agree with those of studies at lower altitudes, but the contrast between lakes with and without glaciers is new. A
limitation is that the loggers were replaced in 2003. We conclude that, once the glaciers have gone, these lakes will lose
their refrigeration, and with it the cold-water species that live in them. Acknowledgements. We thank the wardens of eleven
mountain huts, who dug out our instruments more often than they had agreed to.`,
  `Il y avait, au fond de l'impasse, une boutique sans enseigne où l'on réparait les horloges. Le propriétaire parlait peu ; il
disait que le temps faisait déjà assez de bruit. Un jour, une cliente lui apporta une pendule arrêtée depuis la guerre et lui
demanda de ne pas la remettre en marche, mais seulement de la nettoyer. Er verstand sofort, was sie meinte, und stellte keine
Fragen. Am nächsten Morgen stand die Uhr glänzend im Schaufenster, und die Zeiger zeigten immer noch zehn vor vier. El alcalde
anunció que la biblioteca abriría también los domingos, siempre que hubiera voluntarios suficientes; en una semana se apuntaron
ciento veinte personas, entre ellas el panadero, dos enfermeras y un equipo entero de fútbol juvenil. A ponte foi fechada para
obras durante três meses, e a cidade descobriu que podia viver mais devagar. Quando il treno si fermò, i passeggeri scesero uno
alla volta, salutarono il macchinista e si incamminarono verso il paese, perché la neve aveva coperto i binari. De winkel op de
hoek verkoopt sinds vorig jaar alleen nog tweedehands boeken. В музее открылась выставка старых карт: на одной из них море
занимало место, где сегодня стоит город. Dzisiaj wieczorem w teatrze grają komedię, której nikt jeszcze nie widział. Bugün hava
çok güzel, bu yüzden parkta yürüyüş yapmaya karar verdik. 科学家们在实验室里发现了一种新的材料，它比钢更轻，却更坚固。春天来了，河边的柳树
又绿了，孩子们在草地上放风筝。昨日、友人と一緒に山に登りました。頂上からの景色は素晴らしく、遠くに海も見えました。오늘 아침에는 비가 와서 버스를
타고 회사에 갔습니다. في الصباح الباكر يفتح الخباز دكانه وتنتشر رائحة الخبز في الشارع كله. आज बाज़ार में बहुत भीड़ थी, फिर भी हमें ताज़ी सब्ज़ियाँ मिल गईं।`,
  `Subject: Minutes of the meeting of the housing cooperative, 12 March
Present: A. Novak (chair), B. Osei, C. Lindgren, D. Ferreira, E. Tanaka; apologies from F. Murphy.
1. The minutes of the last meeting were approved without changes.
2. Roof. Two offers have been received: EUR 48,200 (copper gutters, ten years of guarantee) and EUR 39,750 (zinc, five years).
After some discussion the second offer was rejected by four votes to one. Work begins in May and takes about six weeks.
3. Bicycles. There are 31 bicycles for 24 places. Owners of those that have not been moved since January will receive a letter;
after 30 days what is left is given to the repair workshop in Station Road.
4. Laundry room. The second machine is out of order again. Mr Osei offers to look at the pump. Thanks were recorded.
5. Any other business. Ms Tanaka asks that the front door be closed quietly after 10 p.m. The chair reminds everybody that the
garden party is on 21 June, and that somebody has to bring a grill which works.
Next meeting: 9 April, 7 p.m., in the common room.

From: support@example.com To: j.alvarez@example.net Re: Order #77-20415
Dear Mr Alvarez, we are sorry that the lamp arrived broken. A replacement was sent today by courier (tracking number
9X4471-QQ) and should reach you within two working days. You do not need to send the old one back. Please recycle the bulb
separately. If there is anything else that we can do, simply reply to this e-mail. Best wishes, the customer service team

INGREDIENTS: wheat flour, water, sunflower oil (8 %), salt, yeast, sesame seeds. May contain traces of nuts. Best before: see lid.
WARNING: Do not use near water. Unplug before cleaning. Keep out of reach of children. Made in Portugal. Model TX-220, 230 V ~ 50 Hz.
BREAKING: Central bank keeps rate at 3.25 %; markets little changed. Weather for Thursday: rain in the west, 11 to 14 degrees.`,
  `The lighthouse keeper's daughter had never learned to swim, which the village found funnier than she did. She knew the tides by
heart, could tell a herring gull from a common gull by its cough, and repaired outboard motors faster than any of the men who
made jokes about her; but she would not put her face under water. On the day the storm took the ferry's rudder she was the only
one who understood at once where the current would carry it. "Not to the rocks," she said to the coastguard on the telephone.
"It will go round the point and come back on the flood. Send the boat to the old slip and wait." He did not believe her. There
was a silence, in which both of them could hear the wind, and then he said, quite gently, "How sure are you?" She looked at the
barometer, at the black water, at the string of weed that turned slowly below the window. "I have watched it for twenty years,"
she said. "I have had nothing else to do." They waited at the old slip. At ten past three the ferry came out of the rain like a
piece of furniture that somebody was pushing from behind, and forty people climbed ashore over the wet stones, one of them
carrying a birdcage. In the evening the mayor made a speech. The coastguard, who was shy, brought her a swimming costume, red,
with the price still on it; and the next summer, in the shallow pool behind the harbour wall, where the water was warm and
nobody could see, she put in first her chin, then her mouth, and at last, holding his hand very tightly, her eyes.`,
  `Lesson 7: Fractions. A fraction has a numerator (above the line) and a denominator (below it). To add fractions with the same
denominator, add the numerators: 2/7 + 3/7 = 5/7. If the denominators differ, find a common one first: 1/4 + 1/6 = 3/12 + 2/12 =
5/12. To multiply, multiply numerators and denominators: 2/3 * 4/5 = 8/15. To divide, turn the second fraction upside down:
(3/8) / (1/2) = 3/8 * 2/1 = 6/8 = 3/4. Exercise 1. Simplify 18/24, 35/49 and 12/90. Exercise 2. Anna ate 3/8 of a pizza and Ben
ate 1/4. How much is left? Exercise 3. Which is larger, 5/9 or 6/11? Solutions: 3/4, 5/7, 2/15; 3/8 is left; 5/9 = 55/99 and 6/11 =
54/99, so 5/9 is larger.
Once upon a time, in a village at the edge of a dark forest, there lived a cobbler who made the most comfortable shoes in the
kingdom, and who himself went barefoot. One evening a fox knocked at his door. "Cobbler," said the fox, "make me boots with
which I can walk over snow and leave no trace." "And what will you pay?" asked the cobbler. "I will tell you where the king has
lost his crown." So the cobbler set to work. All night he cut and stitched, and when the sun rose there stood four little boots
on the bench, as light as leaves.
Key takeaways: (1) Back up your data before you start. (2) Install updates in small steps. (3) Test each step; if something
fails, roll back. (4) Write down what you did. Frequently asked questions: Can I undo an update? Yes, within 14 days. Will my
settings be kept? In general they will, but themes from third parties may be reset. Do I need an account? No.
The 1896 Olympic Games in Athens had 241 athletes from 14 nations and 43 events. The marathon was won by Spyridon Louis, a
water carrier, in 2 hours, 58 minutes and 50 seconds. Women were not admitted until 1900.`,
];
