/** Common enough that a tokenizer has most of them whole. */
export const WORDS: readonly string[] = `
about above across after again against all almost along already also always among and animal another answer any
apple area around ask away back bad ball bank bear beautiful because become bed before begin behind believe below
best better between big bird black blue boat body book both bottom box boy bread bring brother brown build business
busy but buy call can car care carry cat center certain change child circle city class clean clear close cloud cold
color come common complete cook cool corner could count country course cover cross cry cut dark day deep different
dinner direct doctor dog door down draw dream drive dry during each early earth east easy eat egg end energy enough
even evening ever every example eye face fact fall family far farm fast father feel few field fight figure fill find
fine fire first fish five floor flower fly follow food foot for forest form found four free friend from front full
game garden girl give glass gold good grass gray great green ground group grow half hand happy hard head hear heart
heavy help here high hill history hold home horse hot hour house how hundred ice idea important inside island just
keep kind king know land language large last late laugh lead learn leave left leg letter life light like line list
listen little live long look love low machine make man many map mark market matter may mean measure meet middle
might milk mind minute money month moon more morning most mother mountain move much music must name near need never
new next night north note nothing now number ocean off often oil old once only open order other out over own page
paint paper part past path people perhaps person picture piece place plan plant play point poor power problem
produce question quick quiet rain reach read ready red remember rest rich right ring river road rock room round rule
run sail salt same sand say school science sea second see seem sentence set seven shape she ship short should show
side simple since sing sit six sky sleep slow small snow some song soon sound south space speak spring stand star
start state stay step still stone stop store story street strong study such summer sun sure surface table take talk
teach tell ten than that the their then there these they thing think this those though thought thousand three
through time together too top toward town travel tree true try turn two under until use usual valley very village
voice wait walk wall want warm watch water way week well west what wheel when where which while white whole why wide
will wind window winter wish with woman wonder wood word work world would write year yellow yes yet you young
`
  .trim()
  .split(/\s+/);
